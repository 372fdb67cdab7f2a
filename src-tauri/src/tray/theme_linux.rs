//! `color-scheme` of the desktop portal's settings (`org.freedesktop.portal.Settings`): 0 is no preference, 1 dark, 2
//! light.

use futures_util::StreamExt as _;
use tauri::Theme;
use tokio::sync::watch;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Proxy};

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
const APPEARANCE: &str = "org.freedesktop.appearance";
const SCHEME: &str = "color-scheme";

pub(super) async fn watch(desktop: &watch::Sender<Option<Theme>>) {
    let tell = |theme| _ = desktop.send_if_modified(|known| std::mem::replace(known, theme) != theme);
    let listened = async { follow(&Connection::session().await?, tell).await };
    if let Err(error) = Box::pin(listened).await {
        tracing::debug!("the desktop does not say whether it is light or dark: {error}");
    }
}

/// Ends with the connection. A portal that comes later, or comes back, is heard, too.
async fn follow(bus: &Connection, tell: impl Fn(Option<Theme>)) -> zbus::Result<()> {
    let portal = Proxy::new(bus, PORTAL, PATH, SETTINGS).await?;
    // Listening first: what changes while it is asked is not missed.
    let mut changes = portal.receive_signal_with_args("SettingChanged", &[(0, APPEARANCE), (1, SCHEME)]).await?;
    // The older method, which every portal has; it wraps its answer twice.
    match portal.call::<_, _, OwnedValue>("Read", &(APPEARANCE, SCHEME)).await {
        Ok(value) => tell(preferred(&value)),
        Err(error) => tracing::debug!("the portal has no color-scheme yet: {error}"),
    }
    while let Some(change) = changes.next().await {
        let body = change.body();
        let Ok((_, _, value)) = body.deserialize::<(&str, &str, Value<'_>)>() else { continue };
        // Desktops that have no word for light take the preference for dark back.
        tell(preferred(&value).or(Some(Theme::Light)));
    }
    Ok(())
}

fn preferred(value: &Value<'_>) -> Option<Theme> {
    if let Value::Value(inner) = value {
        return preferred(inner);
    }
    match u32::try_from(value) {
        Ok(1) => Some(Theme::Dark),
        Ok(2) => Some(Theme::Light),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use beatkeeper_private_bus::Bus;
    use tokio::sync::mpsc;
    use tokio::time::timeout;
    use zbus::connection::Builder;
    use zbus::object_server::SignalEmitter;
    use zbus::{fdo, interface};

    use super::*;

    /// Far more than any of this takes.
    const GIVE_UP: Duration = Duration::from_secs(60);

    fn connect(bus: &Bus) -> Builder<'_> {
        Builder::address(bus.address()).unwrap()
    }

    async fn portal(bus: &Bus, scheme: Option<u32>) -> Connection {
        let builder = connect(bus).serve_at(PATH, Portal(scheme)).unwrap().name(PORTAL).unwrap();
        Box::pin(builder.build()).await.unwrap()
    }

    struct Portal(Option<u32>);

    #[interface(name = "org.freedesktop.portal.Settings")]
    impl Portal {
        fn read(&self, namespace: &str, key: &str) -> fdo::Result<OwnedValue> {
            assert_eq!((namespace, key), (APPEARANCE, SCHEME));
            let scheme = self.0.ok_or_else(|| fdo::Error::Failed("Requested setting not found".into()))?;
            let inner = Value::Value(Box::new(Value::U32(scheme)));
            OwnedValue::try_from(inner).map_err(|error| fdo::Error::Failed(error.to_string()))
        }

        #[zbus(signal)]
        async fn setting_changed(
            emitter: &SignalEmitter<'_>,
            namespace: &str,
            key: &str,
            value: Value<'_>,
        ) -> zbus::Result<()>;
    }

    async fn change(portal: &Connection, namespace: &str, key: &str, value: Value<'_>) {
        let emitter = SignalEmitter::new(portal, PATH).unwrap();
        Portal::setting_changed(&emitter, namespace, key, value).await.unwrap();
    }

    struct Followed {
        task: tokio::task::JoinHandle<()>,
        told: mpsc::UnboundedReceiver<Option<Theme>>,
    }

    impl Followed {
        async fn on(bus: &Bus) -> Self {
            let ours = Box::pin(connect(bus).build()).await.unwrap();
            let (tell, told) = mpsc::unbounded_channel();
            let task = tokio::spawn(async move { follow(&ours, |theme| _ = tell.send(theme)).await.unwrap() });
            Self { task, told }
        }

        async fn next(&mut self) -> Option<Theme> {
            timeout(GIVE_UP, self.told.recv()).await.unwrap().unwrap()
        }
    }

    impl Drop for Followed {
        fn drop(&mut self) {
            self.task.abort();
        }
    }

    #[tokio::test]
    async fn the_desktop_is_followed_without_a_window() {
        let bus = Bus::start();
        let portal = portal(&bus, Some(1)).await;
        let mut followed = Followed::on(&bus).await;
        assert_eq!(followed.next().await, Some(Theme::Dark));
        // Of something else.
        change(&portal, APPEARANCE, "accent-color", Value::U32(2)).await;
        change(&portal, "org.gnome.desktop.interface", SCHEME, Value::U32(2)).await;
        for (scheme, theme) in [(1, Theme::Dark), (2, Theme::Light), (1, Theme::Dark)] {
            change(&portal, APPEARANCE, SCHEME, Value::U32(scheme)).await;
            assert_eq!(followed.next().await, Some(theme));
        }
        // A preference for dark that is taken back.
        change(&portal, APPEARANCE, SCHEME, Value::U32(0)).await;
        assert_eq!(followed.next().await, Some(Theme::Light));
    }

    #[tokio::test]
    async fn a_portal_that_comes_later_is_heard_and_no_preference_leaves_it_to_the_window() {
        let bus = Bus::start();
        let first = portal(&bus, Some(0)).await;
        let mut followed = Followed::on(&bus).await;
        assert_eq!(followed.next().await, None);
        first.close().await.unwrap();
        let second = portal(&bus, None).await;
        // Until it is heard: nobody knows when its name has found its way.
        let heard = async {
            loop {
                change(&second, APPEARANCE, SCHEME, Value::U32(1)).await;
                if let Ok(told) = timeout(Duration::from_millis(50), followed.told.recv()).await {
                    return told.unwrap();
                }
            }
        };
        assert_eq!(timeout(GIVE_UP, heard).await.unwrap(), Some(Theme::Dark));
    }
}
