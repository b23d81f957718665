//! What a request cost, told to the client and counted for the operator.

use serde_json::json;

use caisson_e2e::{Caisson, OPENAI, adapter, guest, say};

#[tokio::test]
async fn every_kind_of_answer_carries_its_receipt() {
    let (caisson, _fake) = OPENAI.served().await;
    let answer = caisson.chat(say(OPENAI.model(), "hello")).await;
    let receipt = answer.receipt();
    assert!(receipt.fuel > 1000 && receipt.memory >= 64 << 10, "{receipt:?}");
    assert_eq!(receipt.revision, "openai@1");
    assert!(answer.header("x-caisson-bytes-out").parse::<u64>().unwrap() > 20);
    assert!(answer.header("x-caisson-bytes-in").parse::<u64>().unwrap() > 100);
    assert!(answer.header("x-caisson-time-ms").parse::<u64>().is_ok());

    let streamed = caisson.stream(say(OPENAI.model(), "hello")).await.rest().await.receipt();
    assert!(streamed.fuel > 1000 && streamed.memory >= 64 << 10, "{streamed:?}");
    assert_eq!(streamed.revision, "openai@1");
    let embedded = caisson.embed(json!({ "model": "openai/x", "input": "hello" })).await;
    assert!(embedded.receipt().fuel > 1000);
}

#[tokio::test]
async fn more_work_costs_more_fuel() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    let little = caisson.chat(say("echo/echo", "x")).await.receipt();
    let much = caisson.chat(say("echo/echo", &"word ".repeat(100_000))).await.receipt();
    assert!(much.fuel > 10 * little.fuel && much.memory > little.memory, "{little:?} {much:?}");
    let again = caisson.chat(say("echo/echo", "x")).await.receipt();
    assert_eq!((little.fuel, little.memory), (again.fuel, again.memory));
}

#[tokio::test]
async fn metrics_count_requests_by_deployment_and_outcome() {
    let (caisson, fake) = OPENAI.served().await;
    caisson.push("trap", guest("trap")).await;
    for _ in 0..3 {
        caisson.chat(say(OPENAI.model(), "x")).await.content();
    }
    caisson.stream(say(OPENAI.model(), "x")).await.rest().await;
    fake.respond_with(OPENAI.error(500, "no"));
    caisson.chat(say(OPENAI.model(), "x")).await.expect_error(500, "provider_error");
    caisson.chat(say("trap/x", "x")).await.expect_error(502, "adapter_trap");

    let answer = caisson.get("/metrics").await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"), "{:?}", answer.headers);
    let text = answer.text();
    for line in [
        r#"caisson_requests_total{deployment="openai",outcome="ok"} 4"#,
        r#"caisson_requests_total{deployment="openai",outcome="adapter_error"} 1"#,
        r#"caisson_requests_total{deployment="trap",outcome="trap"} 1"#,
        r#"caisson_request_duration_seconds_count{deployment="openai"} 5"#,
        "caisson_sandboxes 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    for process in ["process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_cpu_seconds_total"]
    {
        let value = text.lines().find_map(|line| line.strip_prefix(process)?.trim().parse::<f64>().ok());
        assert!(value.is_some_and(|value| value > 0.0), "{process} in\n{text}");
    }
    for counter in ["caisson_fuel_total", "caisson_egress_out_bytes_total", "caisson_egress_in_bytes_total"] {
        let line = text.lines().find(|line| line.starts_with(&format!("{counter}{{deployment=\"openai\"}}")));
        let value = line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        assert!(value.is_some_and(|value| value > 0), "{counter} in\n{text}");
    }
}

#[tokio::test]
async fn health_needs_no_key_and_metrics_are_not_for_strangers() {
    let caisson = Caisson::start().await;
    let key = caisson.run(&["key", "create"]).printed().await.trim().to_owned();
    let stranger = |path: &str| caisson.ask("GET", path).header("host", "llm.example.com");
    for path in ["/healthz", "/readyz"] {
        let answer = stranger(path).answer().await;
        assert_eq!((answer.status, &*answer.text()), (200, "ok\n"), "{path}");
    }
    stranger("/metrics").answer().await.expect_error(401, "invalid_api_key");
    assert_eq!(stranger("/metrics").key(&key).answer().await.status, 200);
    assert_eq!(caisson.get("/metrics").await.status, 200);
}
