//! Mail, to a server that is encrypted in each way, and to servers that refuse.

use beatkeeper_core::notice::NoticeId;
use beatkeeper_engine::settings::{ChannelEntry, ChannelKind, MailTls};

use crate::scene::{Begin, Safe, Scene, notice, trusting};
use crate::smtp_server::{Front, SmtpServer};

fn entry(server: &SmtpServer, tls: MailTls) -> ChannelEntry {
    ChannelEntry {
        host: Some("localhost".into()),
        port: Some(server.port),
        tls: Some(tls),
        from: Some("Beatkeeper <alerts@example.com>".into()),
        to: vec!["Me <me@example.com>".into(), "you@example.com".into()],
        user: Some("alerts".into()),
        ..ChannelEntry::new("mail", ChannelKind::Email)
    }
}

fn scene(server: &SmtpServer, tls: MailTls) -> Scene {
    let tls_config = trusting(server.roots.clone());
    let safe = Safe::with("mail", "pass word");
    Begin { channels: vec![entry(server, tls)], safe, tls: tls_config, ..Begin::default() }.start()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_whichever_way_it_is_encrypted() {
    for (front, tls) in
        [(Front::Plain, MailTls::None), (Front::Starttls, MailTls::Starttls), (Front::Tls, MailTls::Tls)]
    {
        let server = SmtpServer::start(front, &[]).await;
        let scene = scene(&server, tls);
        scene.post.send(notice(7));
        scene.delivered(7, "mail");
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{front:?}");
        let mail = &mails[0];
        assert_eq!(mail.encrypted, front != Front::Plain);
        assert_eq!(mail.login, Some(("alerts".into(), "pass word".into())));
        assert_eq!(mail.from, "<alerts@example.com>");
        assert_eq!(mail.to, ["<me@example.com>", "<you@example.com>"]);
        for header in [
            "Subject: weather-agent is offline\r\n",
            "Message-ID: <notice-7@example.com>\r\n",
            "In-Reply-To: <notice-1@example.com>\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(mail.text.contains(header), "{front:?} {header}: {}", mail.text);
        }
        let overheard = server.overheard();
        assert_eq!(overheard.contains("AUTH") || overheard.contains("MAIL"), front == Front::Plain, "{overheard}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_mail_server_refuses_for_good_is_a_dead_letter_at_once() {
    for (command, says) in
        [("RCPT", "550 no such mailbox"), ("AUTH", "535 wrong password"), ("MAIL", "553 not your address")]
    {
        let server = SmtpServer::start(Front::Starttls, &[(command, says)]).await;
        let scene = scene(&server, MailTls::Starttls);
        scene.post.send(notice(7));
        let dead = scene.dead(7, "mail");
        let problem = dead.problem.unwrap();
        assert!(dead.attempts == 1 && problem.contains(says), "{problem}");
        assert!(!problem.contains("pass word"), "{problem}");
        assert!(server.mails().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_mail_server_refuses_for_now_is_tried_again_under_the_same_id() {
    let later = [("RCPT", "451 greylisted"), ("EHLO", "421 too busy"), ("DATA", "452 disk full")];
    let server = SmtpServer::start(Front::Starttls, &later).await;
    let scene = scene(&server, MailTls::Starttls);
    scene.post.send(notice(7));
    assert_eq!(scene.delivered(7, "mail").attempts, 4);
    assert_eq!(server.mails().len(), 1);
    assert!(server.mails()[0].text.contains("<notice-7@example.com>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_to_a_server_that_cannot_be_trusted() {
    // One that offers no encryption where it is wanted, and one whose certificate nobody knows.
    let server = SmtpServer::start(Front::Plain, &[]).await;
    let wants = scene(&server, MailTls::Starttls);
    wants.post.send(notice(7));
    assert!(wants.dead(7, "mail").problem.unwrap().contains("no STARTTLS"));
    assert!(!server.overheard().contains("AUTH"));

    let server = SmtpServer::start(Front::Starttls, &[]).await;
    let channels = vec![entry(&server, MailTls::Starttls)];
    let stranger = Begin { channels, safe: Safe::with("mail", "pass word"), ..Begin::default() }.start();
    stranger.post.send(notice(7));
    assert!(stranger.fails(7, "mail").problem.unwrap().contains("certificate"));
    assert!(!server.overheard().contains("AUTH") && server.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_answers_the_mail_of_its_outage() {
    let server = SmtpServer::start(Front::Starttls, &[]).await;
    let scene = scene(&server, MailTls::Starttls);
    let mut outage = notice(7);
    outage.supersedes = Vec::new();
    let mut recovery = notice(9);
    recovery.supersedes = vec![NoticeId(7)];
    scene.post.send(outage);
    scene.post.send(recovery);
    scene.delivered(9, "mail");
    let mails = server.mails();
    assert!(!mails[0].text.contains("In-Reply-To"));
    assert!(mails[1].text.contains("References: <notice-7@example.com>\r\n"), "{}", mails[1].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_without_a_password_waits_for_nothing_and_says_so() {
    let server = SmtpServer::start(Front::Plain, &[]).await;
    let nobody = Begin::with([entry(&server, MailTls::None)]).start();
    nobody.post.send(notice(7));
    assert!(nobody.dead(7, "mail").problem.unwrap().contains("no password"));
    let open = ChannelEntry { user: None, ..entry(&server, MailTls::None) };
    let scene = Begin::with([open]).start();
    scene.post.send(notice(7));
    scene.delivered(7, "mail");
    assert_eq!(server.mails()[0].login, None);
}
