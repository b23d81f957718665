//! The wire of the made-up internal service.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use caisson_fake_providers::{FakeProvider, Wire};

use crate::client::{Answer, with_headers};

async fn post(call: &str, form: &str) -> Answer {
    let provider = FakeProvider::start(Wire::Desk).await.unwrap();
    let headers = [("x-desk-session", provider.key()), ("content-type", "application/x-www-form-urlencoded")];
    with_headers(&provider, "POST", &format!("/desk/{call}"), &headers, form).await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_ticket_is_collected_in_frames_that_cut_characters() {
    let submitted = text(&post("submit", "model=clerk&turn=rules%3Abrief&turn=asker%3Afffff%C3%A4hre").await);
    let ticket = submitted.strip_prefix("OK 0\nticket=").unwrap().trim_end();
    let collected = post("collect", &format!("ticket={ticket}")).await;
    let (mut rest, mut words, mut kinds) = (collected.body.as_ref(), Vec::new(), String::new());
    let mut cut = false;
    while let Some((head, after)) = rest.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let (payload, after) = after.split_at(length);
        kinds.push(char::from(head[0]));
        if head[0] == b'T' {
            cut |= std::str::from_utf8(payload).is_err();
            words.extend_from_slice(payload);
        }
        rest = after;
    }
    assert_eq!(String::from_utf8(words).unwrap(), "You said: fffff\u{e4}hre");
    assert!(kinds.starts_with('Q') && kinds.ends_with('Z') && cut, "{kinds}, a character cut: {cut}");
}

#[tokio::test]
async fn a_refusal_has_status_200_and_a_code() {
    let limited = post("submit", "model=fault-429&turn=asker%3Ax").await;
    assert_eq!((limited.status, text(&limited).as_str()), (200, "ERR 4290 The desk says 429.\nwait=2\n"));
    for form in ["model=clerk", "model=clerk&turn=x", "model=clerk&turn=asker:x&n=2", "model=%"] {
        assert!(text(&post("submit", form).await).starts_with("ERR 4000 "), "{form}");
    }
}

#[tokio::test]
async fn vectors_are_base64_of_floats() {
    let said = text(&post("vectors", "model=ledger&text=a&text=b").await);
    let vectors: Vec<_> = said.lines().filter_map(|line| STANDARD.decode(line.strip_prefix("v=")?).ok()).collect();
    assert_eq!(vectors.iter().map(Vec::len).collect::<Vec<_>>(), [1024, 1024]);
    assert!(vectors[0] != vectors[1] && said.ends_with("tokens=2\n"));
}
