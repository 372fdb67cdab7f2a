use super::*;

fn parse(text: &str) -> Result<ChannelEntry, String> {
    let entry: ChannelEntry = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    entry.check().map(|()| entry)
}

const GOOD: [&str; 6] = [
    "name = \"a\"\nkind = \"webhook\"\nurl = \"https://example.com/x\"\n",
    "name = \"a\"\nkind = \"slack\"\nonly = [\"offline\", \"recovered\"]\n",
    "name = \"a\"\nkind = \"discord\"\ntitle = \"{{{kind}}}\"\n",
    "name = \"a\"\nkind = \"ntfy\"\nurl = \"http://127.0.0.1:2586/\"\ntopic = \"beats\"\n",
    "name = \"a\"\nkind = \"email\"\nhost = \"mail.example.com\"\ntls = \"tls\"\nfrom = \"Me <a@example.com>\"\n\
     to = [\"b@example.com\"]\nuser = \"a\"\n",
    "name = \"a\"\nkind = \"command\"\nenabled = false\nprogram = \"notify-me\"\nargs = [\"--loud\"]\n",
];

#[test]
fn what_is_written_is_what_was_read_and_only_the_differences() {
    for text in GOOD {
        let entry = parse(text).unwrap_or_else(|what| panic!("{text}: {what}"));
        assert_eq!(toml::to_string(&entry).unwrap(), text);
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<ChannelEntry>(&json).unwrap(), entry);
    }
}

#[test]
fn what_cannot_be_a_channel_is_refused_with_a_sentence() {
    let [webhook, slack, _, ntfy, mail, command] = GOOD;
    for (text, from, to, says) in [
        (webhook, "\"a\"", "\"Desktop\"", "taken by the desktop"),
        (webhook, "\"a\"", "\"\"", "1 to 32"),
        (webhook, "webhook", "pager", "unknown variant"),
        (webhook, "https", "http", "not encrypted"),
        (webhook, "https", "ftp", "https://"),
        (webhook, "https://", "https://me:pw@", "would stand in the file"),
        (webhook, "url", "topic", "needs url"),
        (webhook, "\nurl", "\ntopic = \"x\"\nurl", "has no topic"),
        (webhook, "\nurl", "\ntitle = \"{titel}\"\nurl", "title: there is no field {titel}"),
        (webhook, "\nurl", "\nbody = \"{title\"\nurl", "body: a { is not closed"),
        (webhook, "\nurl", "\nsecret = \"x\"\nurl", "unknown field `secret`"),
        (slack, "[\"offline\", \"recovered\"]", "[]", "enabled = false"),
        (slack, "recovered", "offline", "twice"),
        (slack, "only", "url = \"https://hooks.slack.com/x\"\nonly", "lives in the keychain"),
        (ntfy, "beats", "my beats", "1 to 64"),
        (ntfy, "127.0.0.1", "192.0.2.1", "not encrypted"),
        (mail, "\"tls\"", "\"none\"", "on this computer"),
        (mail, "b@example.com", "b@", "no mail address"),
        (mail, "mail.example.com", "mail example", "neither a name"),
        (command, "notify-me", "bin/notify-me", "full path"),
        (command, "notify-me", "", "full path"),
    ] {
        let error = parse(&text.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(says), "{from} -> {to}: {error}");
    }
    let plain = webhook.replace("https://", "http://") + "allow_plain = true\n";
    assert!(parse(&plain).is_ok());
    assert!(parse(&mail.replace("mail.example.com", "127.0.0.1").replace("\"tls\"", "\"none\"")).is_ok());
}

#[test]
fn a_secret_is_checked_without_being_repeated() {
    let slack = parse(GOOD[1]).unwrap();
    assert_eq!(slack.check_secret("https://hooks.slack.com/services/T0/B0/x"), Ok(()));
    for wrong in ["http://hooks.slack.com/hunter2", "hunter2", " https://x/hunter2", ""] {
        let error = slack.check_secret(wrong).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert!(parse(GOOD[5]).unwrap().check_secret("x").is_err());
    assert!(slack.needs_secret() && parse(GOOD[4]).unwrap().needs_secret() && !parse(GOOD[0]).unwrap().needs_secret());
}

#[test]
fn two_channels_have_two_names() {
    let entry = parse(GOOD[0]).unwrap();
    assert!(check_all(&[entry.clone(), entry.clone()]).unwrap_err().contains("two channels"));
    assert!(check_all(&vec![entry; 33]).unwrap_err().contains("more than 32"));
}
