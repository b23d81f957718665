//! What somebody sees who starts the server, uploads one file and asks.

use caisson_e2e::{Caisson, adapter, say};

#[tokio::test]
async fn one_upload_and_a_client_gets_its_answer() {
    let caisson = Caisson::start().await;
    let made = caisson.push("echo", adapter("echo")).await;
    assert_eq!((made.revision(), made.is_active()), (1, true));
    assert!(made.missing().is_empty());
    let answer = caisson.chat(say("echo/echo", "ahoy")).await;
    assert!(answer.content().contains("ahoy"), "{}", answer.text());
}
