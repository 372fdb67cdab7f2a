//! What every route has in common, and the small ones (protocols.md 1.1, 1.2, 1.3, 1.8).

use serde_json::json;

use super::support::*;

#[tokio::test]
async fn paths_that_are_not_there() {
    let devnet = devnet().await;
    let (_, id) = agent(&devnet, 1);
    for path in ["/", "/v1/agents", "/v1/entities/", &format!("/v1/entities/{id}/"), "/v1/heartbeat"] {
        let reply = get(&devnet, path).await;
        assert_eq!((reply.status, &*reply.body), (404, "404 page not found\n"), "{path}");
        assert!(reply.header("content-type").unwrap().starts_with("text/plain"));
    }
    let reply = ask(devnet.addr(), "DELETE", "/health", &[], "").await;
    assert_eq!((reply.status, &*reply.body), (405, "Method Not Allowed\n"));
    assert_eq!(reply.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn a_double_slash_is_sent_elsewhere() {
    let devnet = devnet().await;
    let (_, id) = agent(&devnet, 1);
    let reply = get(&devnet, &format!("//v1/entities/{id}?x=1")).await;
    assert_eq!(reply.status, 301);
    assert_eq!(reply.header("location"), Some(&*format!("/v1/entities/{id}?x=1")));
    assert_eq!(status(try_dial(&devnet, &format!("/v1/entities/{id}/ws")).await), 301);
}

#[tokio::test]
async fn headers_of_every_answer() {
    let devnet = devnet().await;
    let reply = get(&devnet, "/health").await;
    assert_eq!((reply.status, &*reply.body), (200, "{\"status\":\"ok\"}\n"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert!(reply.header("etag").is_none() && reply.header("cache-control").is_none());
    let date = reply.header("date").unwrap();
    let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
    assert!((date.as_second() - jiff::Timestamp::now().as_second()).abs() <= 2);
    let options = ask(devnet.addr(), "OPTIONS", "/v1/anything", &[], "").await;
    assert_eq!((options.status, options.header("access-control-max-age")), (204, Some("86400")));
}

#[tokio::test]
async fn what_the_registry_says_of_itself() {
    let devnet = devnet().await;
    let info = get(&devnet, "/v1/info").await;
    assert!(info.body.starts_with("{\"registry_id\":\"zns:registry:"), "{}", info.body);
    assert_eq!(info.json()["developer_onboarding"], json!({"mode": "open"}));
    let status = get(&devnet, "/v1/network/status").await.json();
    assert_eq!((&status["version"], &status["local_agents"]), (&json!("0.1.0"), &json!(0)));
    assert!(status["uptime"].as_str().unwrap().ends_with('s'));
    assert_eq!(get(&devnet, "/v1/tags").await.json(), json!({"tags": []}));
}

#[tokio::test]
async fn lists_are_paged_before_they_are_filtered() {
    let devnet = devnet().await;
    for number in 1..=60 {
        agent(&devnet, number);
    }
    let count =
        async |query: &str| get(&devnet, &format!("/v1/entities{query}")).await.json()["count"].as_u64().unwrap();
    assert_eq!(count("").await, 50);
    assert_eq!(count("?limit=60&status=inactive").await, 60, "a status is no filter");
    assert_eq!(count("?limit=10&offset=55").await, 5);
    assert_eq!(count("?limit=-1").await, 0);
    assert_eq!(count("?type=service").await, 0);
    assert_eq!(count("?category=other").await, 0);
}

#[tokio::test]
async fn a_search_finds_the_active() {
    let devnet = devnet().await;
    let (_, id) = agent(&devnet, 1);
    let (_, asleep) = agent(&devnet, 11);
    devnet.edit_record(&asleep, |record| record.status = beatkeeper_devnet::Status::Inactive);
    let search = async |body: serde_json::Value| post(&devnet, "/v1/search", &body.to_string()).await;
    let found = search(json!({"query": "AGENT-1", "status": "any"})).await.json();
    assert_eq!((&found["total_found"], &found["results"][0]["entity_id"]), (&json!(1), &json!(id)));
    assert_eq!(search(json!({"developer_id": devnet.house_developer()})).await.json()["total_found"], 0);
    let want = "query or a filter (developer_handle, developer_id, fqan) is required";
    assert_eq!(search(json!({})).await.error(), (400, want.into()));
}

#[tokio::test]
async fn registrations_are_limited_and_reads_are_not() {
    let devnet = devnet_with(|config| config.registrations_per_minute = Some(10)).await;
    for path in ["/v1/entities", "/v1/developers"].repeat(5) {
        assert_eq!(post(&devnet, path, "{}").await.status, 400);
    }
    let refused = post(&devnet, "/v1/developers", "{}").await;
    assert_eq!(refused.error(), (429, "rate limit exceeded".into()));
    assert!(refused.header("retry-after").is_none());
    let elsewhere =
        ask(devnet.addr(), "POST", "/v1/entities", &[("X-Forwarded-For", "10.1.2.3, 10.0.0.1")], "{}").await;
    assert_eq!(elsewhere.status, 400, "another client has its own bucket");
    for _ in 0..50 {
        assert_eq!(get(&devnet, "/v1/entities").await.status, 200);
    }
}

#[tokio::test]
async fn a_taken_address_gets_a_sentence() {
    let devnet = devnet().await;
    let config = beatkeeper_devnet::Config { listen: devnet.addr(), ..Default::default() };
    let error = beatkeeper_devnet::Devnet::start(config).await.err().unwrap().to_string();
    assert!(error.starts_with(&format!("the devnet cannot listen on {}: ", devnet.addr())), "{error}");
}
