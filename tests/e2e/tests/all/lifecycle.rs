//! The process: one for each data folder, and a stop that cuts nobody off.

use tokio::net::TcpStream;

use caisson_e2e::{Caisson, OPENAI, adapter, guest, say, soon};

#[tokio::test]
async fn a_signal_to_stop_lets_a_running_stream_finish() {
    let (caisson, fake) = OPENAI.served().await;
    let (gate, mut streaming) = OPENAI.gated_stream(&caisson, &fake).await;
    gate.send(OPENAI.word("before ")).await;
    assert_eq!(streaming.next_text().await, "before ");

    let address = caisson.address();
    caisson.terminate();
    soon("closed doors", async { while TcpStream::connect(address).await.is_ok() {} }).await;

    gate.send(OPENAI.word("after")).await;
    assert_eq!(streaming.next_text().await, "after");
    gate.send(OPENAI.ending()).await;
    drop(gate);
    assert!(streaming.rest().await.is_done());
    assert!(caisson.exited().await.success());
}

#[tokio::test]
async fn the_grace_period_ends_a_stream_that_does_not() {
    let caisson = Caisson::prepare().config("shutdown-grace-seconds = 1").start().await;
    caisson.push("midstream", guest("midstream")).set("then", "wait").await;
    let mut streaming = caisson.stream(say("midstream/x", "x")).await;
    streaming.next_text().await;
    let output = caisson.output().clone();
    caisson.terminate();
    assert!(caisson.exited().await.success());
    output.line_with("grace period is over").await;
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let caisson = Caisson::start().await;
    caisson.terminate();
    assert!(caisson.exited().await.success());
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_with_a_sentence() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    let (status, said) = caisson.setup().refused().await;
    assert_eq!(status.code(), Some(1));
    let folder = caisson.data_dir();
    assert!(said.contains(&format!("another caisson serves from {}", folder.display())), "{said}");
    assert!(said.contains("--data-dir"), "{said}");
    assert!(caisson.chat(say("echo/echo", "ahoy")).await.content().contains("ahoy"));
}

#[tokio::test]
async fn a_configuration_with_a_misspelt_field_is_refused_by_name() {
    let (status, said) = Caisson::prepare().config("max-sandboxs = 3").refused().await;
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("caisson.toml is wrong"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let caisson = Caisson::start().await;
    let (_, said) = Caisson::prepare().listen(caisson.address()).refused().await;
    assert!(said.contains(&format!("can't listen on {}", caisson.address())), "{said}");
}
