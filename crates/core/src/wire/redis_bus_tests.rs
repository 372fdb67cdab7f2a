use super::*;

/// 2026-11-22T13:07:11Z
const WALL: Time = Time::from_millis(1_795_352_831_000);

fn read(text: &str) -> Result<Heard, Unusable> {
    read_message(text.as_bytes(), WALL)
}

#[test]
fn a_message_of_the_how_to_is_read_whole() {
    let heard = read(
        r#"{"agentId":"worker-1","agentType":"summariser","timestamp":1795352830000,"sequence":42,"status":"busy",
            "metrics":{"cpuPercent":12.5,"memoryMB":310,"activeTasks":2,"queueDepth":51,"tokensUsedThisHour":9000,"errorsLast5Min":0},
            "currentTask":"report","taskProgress":0.25}"#,
    )
    .unwrap();
    assert_eq!((heard.name.as_str(), heard.sequence, heard.status.as_deref()), ("worker-1", Some(42), Some("busy")));
    assert_eq!(heard.at, Some(Time::from_millis(1_795_352_830_000)));
    assert_eq!((heard.metrics.memory_mb, heard.metrics.queue_depth), (Some(310.0), Some(51.0)));
    assert_eq!((heard.task.as_deref(), heard.progress, heard.interval_ms), (Some("report"), Some(0.25), None));
}

#[test]
fn what_we_publish_is_what_the_how_to_publishes() {
    let beat = BeatMessage {
        agent_id: "worker-1",
        agent_type: "agent",
        timestamp: 1_795_352_831_000,
        sequence: 1,
        status: "healthy",
        metrics: SentMetrics { cpu_percent: Some(1.5), memory_mb: Some(88.0), ..SentMetrics::default() },
        current_task: None,
        task_progress: None,
        interval_ms: 30_000,
        fence: None,
        label: None,
    };
    let text = serde_json::to_string(&beat).unwrap();
    assert_eq!(
        text,
        r#"{"agentId":"worker-1","agentType":"agent","timestamp":1795352831000,"sequence":1,"status":"healthy","metrics":{"cpuPercent":1.5,"memoryMB":88.0},"intervalMs":30000}"#
    );
    let heard = read(&text).unwrap();
    assert_eq!((heard.sequence, heard.interval_ms, heard.metrics.cpu_percent), (Some(1), Some(30_000), Some(1.5)));
    let fields = hash_fields(&beat, "laptop", Some(7));
    let again =
        read_hash("worker-1", fields.iter().map(|(field, value)| (*field, value.as_str())), None, WALL).unwrap();
    assert_eq!((again.at, again.sequence, again.interval_ms), (heard.at, heard.sequence, heard.interval_ms));
    assert_eq!((again.host.as_deref(), again.pid, again.metrics.memory_mb), (Some("laptop"), Some(7), Some(88.0)));
    assert_eq!(lives_for_seconds(30_000), 120);
    assert_eq!(lives_for_seconds(100), 1);
}

#[test]
fn what_names_nobody_or_no_time_is_refused_with_a_reason() {
    for (text, why) in [
        ("", Unusable::NotAnObject),
        ("not json", Unusable::NotAnObject),
        ("[]", Unusable::NotAnObject),
        ("7", Unusable::NotAnObject),
        ("{}", Unusable::Nameless),
        (r#"{"agentId":7}"#, Unusable::BadName),
        (r#"{"agentId":""}"#, Unusable::BadName),
        (r#"{"agentId":"a\nb"}"#, Unusable::BadName),
        (r#"{"agentId":"a","timestamp":-1}"#, Unusable::BadTime),
        (r#"{"agentId":"a","timestamp":"1795352831000"}"#, Unusable::BadTime),
        (r#"{"agentId":"a","timestamp":1795352831000000}"#, Unusable::BadTime),
        (r#"{"agentId":"a","timestamp":0}"#, Unusable::BadTime),
    ] {
        assert_eq!(read(text), Err(why), "{text}");
    }
    assert_eq!(read_message(&vec![b'x'; 1024 * 1024], WALL), Err(Unusable::TooLong));
    assert_eq!(read_message(&[0xff, 0xfe], WALL), Err(Unusable::NotAnObject));
    let long = format!(r#"{{"agentId":"{}"}}"#, "x".repeat(129));
    assert_eq!(read(&long), Err(Unusable::BadName));
}

#[test]
fn a_wrong_field_costs_that_field_alone() {
    let heard = read(
        r#"{"agentId":"a:b","timestamp":1795352890000,"sequence":-3,"status":7,"metrics":{"cpuPercent":"12","memoryMB":-5,"queueDepth":1e999},
            "currentTask":"line\nbreak","taskProgress":7,"intervalMs":0,"agentType":{}}"#,
    );
    // 1e999 is no JSON number that fits, so the whole is none.
    assert_eq!(heard, Err(Unusable::NotAnObject));
    let heard = read(
        r#"{"agentId":"a:b","timestamp":1795352890000,"sequence":-3,"status":7,"metrics":{"cpuPercent":"12","memoryMB":-5},
            "currentTask":"line\nbreak","taskProgress":7,"intervalMs":0,"agentType":{}}"#,
    )
    .unwrap();
    assert_eq!((heard.sequence, heard.status, heard.kind, heard.interval_ms), (None, None, None, None));
    assert_eq!(heard.metrics, BusMetrics::default());
    assert_eq!((heard.task.as_deref(), heard.progress), (Some("linebreak"), Some(1.0)));
    assert!(read(r#"{"agentId":"a","metrics":[]}"#).is_ok());
}

#[test]
fn an_interval_is_told_by_what_is_left_of_a_hashs_life() {
    let at = (WALL.as_millis() - 12_000).to_string();
    let heard = read_hash("a", [("lastHeartbeat", at.as_str())], Some(108_000), WALL).unwrap();
    assert_eq!(heard.interval_ms, Some(30_000));
    // Registered, and never beat: no time to live, no interval.
    let fields = [("registeredAt", "1795352831000"), ("status", "starting"), ("pid", "x"), ("memoryMB", "NaN")];
    let heard = read_hash("a", fields, None, WALL).unwrap();
    assert_eq!((heard.interval_ms, heard.at, heard.pid, heard.metrics.memory_mb), (None, None, None, None));
    assert_eq!(heard.registered_at, Some(WALL));
    assert_eq!(read_hash("a\nb", [], None, WALL), Err(Unusable::BadName));
}

#[test]
fn an_agent_says_of_its_own_work_what_a_message_can_carry() {
    let read = |text: &str| OwnWord::read(&serde_json::from_str(text).unwrap());
    let word = read(
        r#"{"status":"ok","currentTask":"report\n3","taskProgress":1.5,
            "metrics":{"queueDepth":51,"errorsLast5Min":-1,"activeTasks":"two","memoryMB":7}}"#,
    )
    .unwrap();
    assert_eq!((word.task.as_deref(), word.progress), (Some("report3"), Some(1.0)));
    assert_eq!(word.metrics, SentMetrics { queue_depth: Some(51.0), ..SentMetrics::default() });
    for nothing in [r#"{"status":"ok"}"#, "[]", r#"{"metrics":[1],"currentTask":7}"#] {
        assert_eq!(read(nothing), None, "{nothing}");
    }
}

#[test]
fn a_number_that_no_server_gave_does_not_silence_those_that_one_gave() {
    let fence = |fence: u64| read(&format!("{{\"agentId\":\"a\",\"fence\":{fence}}}")).unwrap().fence;
    assert_eq!(fence(WALL.as_millis() + 5), Some(WALL.as_millis() + 5));
    assert_eq!(fence(u64::MAX), None);
    let hash = read_hash("a", [("fence", "18446744073709551615")], None, WALL).unwrap();
    assert_eq!(hash.fence, None);
}
