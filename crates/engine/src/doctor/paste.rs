//! Commands to paste: what a person would type to see the same. One set for each system's shell.

use std::net::{IpAddr, SocketAddr};

use beatkeeper_core::doctor::Check;

/// What they are about.
pub(super) struct About<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// The registry's base, with its slash.
    pub(super) base: &'a str,
    /// The bus, where it is at one.
    pub(super) bus: Option<&'a str>,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) encrypted: bool,
    pub(super) health: Option<&'a str>,
    pub(super) published: Option<&'a str>,
}

/// The command for one check; nothing where there is none.
pub(super) fn command(check: Check, about: &About<'_>) -> Option<String> {
    let About { port, base, id, name, .. } = about;
    let bare = about.host.trim_matches(['[', ']']);
    let host = &quoted(bare);
    let (base, name) = (base.trim_end_matches('/'), quoted(name));
    let socket = format!(
        "{CURL} -i -N --http1.1 --max-time 5 -H {u} -H {c} -H {v} -H {k} {url}",
        u = q("Upgrade: websocket"),
        c = q("Connection: Upgrade"),
        v = q("Sec-WebSocket-Version: 13"),
        k = q("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="),
        url = q(&format!("{base}/v1/entities/{id}/ws")),
    );
    Some(match check {
        Check::OwnNetwork => shell::ROUTE.into(),
        Check::Proxy => shell::PROXY.into(),
        Check::Dns => shell::dns(host),
        Check::Tcp => shell::tcp(host, *port),
        Check::Tls if about.encrypted => {
            let to = match bare.parse::<IpAddr>() {
                // An address is no name that a server could be asked for.
                Ok(address) => quoted(&SocketAddr::new(address, *port).to_string()),
                Err(_) => format!("{host}:{port} -servername {host}"),
            };
            format!("openssl s_client -connect {to} -showcerts < {}", shell::NULL)
        }
        Check::Tls => return None,
        Check::Http => format!("{CURL} -i {}", q(&format!("{base}/v1/info"))),
        Check::RegistryKind if about.bus.is_some() => format!("beatkeeper bus test {}", quoted(about.bus?)),
        Check::RegistryKind => format!("{CURL} {}", q(&format!("{base}/v1/network/status"))),
        Check::Clock => shell::clock(base),
        Check::Record | Check::RecordKey => format!("{CURL} {}", q(&format!("{base}/v1/entities/{id}"))),
        Check::OwnKey => format!("beatkeeper agent show {name}"),
        Check::DeveloperKey => "beatkeeper agent find".into(),
        Check::RegistryUrl => shell::REGISTRY_URL.into(),
        Check::Upgrade => socket,
        Check::Idle => format!("beatkeeper doctor {name} --hold 400"),
        Check::Activity => socket.replace(&format!("/v1/entities/{id}/ws"), "/v1/ws/activity"),
        Check::FirstBeat | Check::Beats => format!("beatkeeper agent history {name}"),
        Check::SecondCopy => format!("beatkeeper doctor {name} --listen"),
        Check::OwnPort => format!("{CURL} -i {}", q(about.health?)),
        Check::Card => format!(
            "{CURL} {}",
            q(&format!("{}/.well-known/agent-card.json", about.health?.trim_end_matches("/health")))
        ),
        Check::PublishedUrl => {
            format!("{CURL} -i {}", q(&format!("{}/health", about.published?.trim_end_matches('/'))))
        }
        Check::Search => {
            let body = format!(r#"{{"query":{},"max_results":50}}"#, serde_json::Value::from(about.name));
            format!("{CURL} {} -d {}", q(&format!("{base}/v1/search")), q(&body))
        }
    })
}

/// A name as an argument.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)) && !name.is_empty();
    if plain { name.to_owned() } else { q(name) }
}

fn q(text: &str) -> String {
    shell::quote(text)
}

/// PowerShell has an alias of that name for something else.
const CURL: &str = if cfg!(windows) { "curl.exe -sS" } else { "curl -sS" };

#[cfg(all(unix, not(target_os = "macos")))]
mod shell {
    pub(super) use super::posix::{NULL, PROXY, REGISTRY_URL, clock, quote, tcp};

    pub(super) const ROUTE: &str = "ip route get 198.41.0.4";

    pub(super) fn dns(host: &str) -> String {
        format!("getent ahosts {host}")
    }
}

#[cfg(target_os = "macos")]
mod shell {
    pub(super) use super::posix::{NULL, PROXY, REGISTRY_URL, clock, quote, tcp};

    pub(super) const ROUTE: &str = "route -n get 198.41.0.4";

    pub(super) fn dns(host: &str) -> String {
        format!("dscacheutil -q host -a name {host}")
    }
}

#[cfg(unix)]
mod posix {
    pub(super) const NULL: &str = "/dev/null";
    pub(super) const PROXY: &str = "env | grep -i _proxy";
    pub(super) const REGISTRY_URL: &str =
        "echo \"$ZYND_REGISTRY_URL\"; grep registry_url ~/.zynd/config.json agent.config.json";

    pub(super) fn tcp(host: &str, port: u16) -> String {
        format!("nc -vz -w 4 {host} {port}")
    }

    pub(super) fn clock(base: &str) -> String {
        format!("date -u; curl -sSI {} | grep -i ^date", quote(&format!("{base}/v1/info")))
    }

    pub(super) fn quote(text: &str) -> String {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(windows)]
mod shell {
    pub(super) const NULL: &str = "NUL";
    pub(super) const ROUTE: &str = "Find-NetRoute -RemoteIPAddress 198.41.0.4";
    pub(super) const PROXY: &str = "Get-ChildItem Env:*_proxy; netsh winhttp show proxy";
    pub(super) const REGISTRY_URL: &str =
        "$Env:ZYND_REGISTRY_URL; Select-String registry_url $HOME\\.zynd\\config.json, agent.config.json";

    pub(super) fn dns(host: &str) -> String {
        format!("Resolve-DnsName {host}")
    }

    pub(super) fn tcp(host: &str, port: u16) -> String {
        format!("Test-NetConnection {host} -Port {port}")
    }

    pub(super) fn clock(base: &str) -> String {
        format!("(Get-Date).ToUniversalTime(); curl.exe -sSI {}", quote(&format!("{base}/v1/info")))
    }

    pub(super) fn quote(text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About<'_> = About {
        host: "r.example",
        port: 443,
        base: "https://r.example/",
        bus: None,
        id: "zns:1",
        name: "it's; rm -rf ~",
        encrypted: true,
        health: Some("http://127.0.0.1:5000/health"),
        published: None,
    };

    #[test]
    fn an_address_is_dialled_as_one() {
        let dialled = |host| command(Check::Tls, &About { host, ..ABOUT }).unwrap();
        assert!(dialled("r.example").starts_with("openssl s_client -connect r.example:443 -servername r.example "));
        for host in ["::1", "[::1]"] {
            // Without quotes a shell would look for files of that name.
            assert!(
                dialled(host).starts_with("openssl s_client -connect '[::1]:443' -showcerts "),
                "{}",
                dialled(host)
            );
        }
        assert!(dialled("192.0.2.1").starts_with("openssl s_client -connect 192.0.2.1:443 -showcerts "));
    }

    #[test]
    fn what_is_pasted_is_one_argument_whatever_it_is_called() {
        let about = ABOUT;
        for check in Check::ALL {
            let Some(command) = command(check, &about) else { continue };
            assert!(!command.contains("it's; rm"), "{command}");
            assert!(!command.contains("//v1"), "{command}");
        }
        assert!(command(Check::PublishedUrl, &about).is_none());
        assert!(command(Check::Tls, &About { encrypted: false, ..about }).is_none());
    }
}
