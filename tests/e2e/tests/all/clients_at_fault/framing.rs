//! HTTP/1.1 that is none: heads without measure, lengths that lie, chunks that don't end.

use caisson_e2e::say;

use super::raw::{Raw, post};
use super::{CHAT, MARGIN, serves_others, with_echo};

/// What becomes of bytes: one answer with one of these statuses, or (0) none.
async fn check(caisson: &caisson_e2e::Caisson, bytes: &str, statuses: &[u16]) {
    let mut raw = Raw::connect(caisson.address()).await;
    raw.send(bytes).await;
    let said = raw.answer().await;
    let status = said.as_ref().map_or(0, |said| said.status);
    assert!(statuses.contains(&status), "{said:?} to {:?}", &bytes[..bytes.len().min(300)]);
    if status != 200 {
        assert!(
            raw.answer().await.is_none(),
            "a connection out of step goes on after {:?}",
            &bytes[..bytes.len().min(300)]
        );
    }
}

#[tokio::test]
async fn a_head_without_measure_is_refused() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    let head = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n";
    let many: String = (0..200).map(|number| format!("x-{number}: y\r\n")).collect();
    check(&caisson, &format!("{head}{many}\r\n"), &[431]).await;
    check(&caisson, &format!("{head}x: {}\r\n\r\n", "y".repeat(100 << 10)), &[431]).await;
    check(&caisson, &format!("{head}{}: y\r\n\r\n", "x".repeat(100 << 10)), &[431, 400]).await;
    check(&caisson, &format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(70_000)), &[414, 431]).await;
    // Without an end, and sent for as long as anybody takes it.
    let mut endless = Raw::saying(caisson.address(), head).await;
    let line = format!("x: {}\r\n", "y".repeat(1000));
    let mut sent = 0;
    while endless.send(&line).await {
        sent += line.len();
        assert!(sent < 64 << 20, "a head of {sent} bytes is still being read");
    }
    // A hundred headers of a hundred bytes are nobody's attack.
    let ordinary: String = (0..90).map(|number| format!("x-{number}: {}\r\n", "y".repeat(100))).collect();
    check(&caisson, &format!("{head}{ordinary}\r\n"), &[200]).await;
    serves_others(&caisson).await;
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    for garbage in [
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03 a TLS client's hello\r\n\r\n",
        "hello, is this the right place?\r\n\r\n",
        "GET\r\n\r\n                         ",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nhost localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nhost : localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\n folded: line\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\nx: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\nx\r\ny: z\r\n\r\n",
        "G\u{e9}T / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnot a frame of HTTP/2 at all, but long enough to be one",
    ] {
        let said = Raw::saying(caisson.address(), garbage).await.until_closed().await;
        let said = String::from_utf8_lossy(&said);
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 400 ") || garbage.starts_with("PRI"),
            "{said} to {garbage:?}"
        );
    }
    serves_others(&caisson).await;
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn lengths_that_lie_are_refused_and_nothing_is_smuggled() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    let body = say("echo/echo", "x").to_string();
    let inner = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let length = body.len();
    for headers in [
        format!("content-length: {length}\r\ncontent-length: {}", length + 1),
        format!("content-length: {length}, {}", length + 1),
        format!("content-length: +{length}"),
        format!("content-length: {length} "),
        "content-length: -1".to_owned(),
        "content-length: 0x10".to_owned(),
        "content-length: 99999999999999999999999999".to_owned(),
        "transfer-encoding: gzip".to_owned(),
        "transfer-encoding: chunked, gzip".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
    ] {
        let request = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n\r\n{body}{inner}");
        let mut raw = Raw::saying(caisson.address(), request).await;
        let said = raw.answer().await;
        let spaces_are_none = headers.ends_with(' ');
        let status = said.as_ref().map_or(0, |said| said.status);
        assert!(
            status == 400 || status == 0 || status == 413 || (spaces_are_none && status == 200),
            "{headers}: {said:?}"
        );
        if status != 200 {
            assert!(raw.answer().await.is_none(), "after {headers}, what follows is answered");
        }
    }
    // Both: what says chunked is chunked, or nothing is. The length never decides where the next request begins.
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    let both = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n{chunked}"
    );
    let said = Raw::saying(caisson.address(), both).await.answer().await;
    assert!(
        said.as_ref().is_none_or(|said| said.status == 400 || (said.status == 200 && said.body.contains("echo"))),
        "{said:?}"
    );
    // Longer than what comes: the client leaves, and nobody waits for it.
    drop(Raw::saying(caisson.address(), post(CHAT, &body).replace(&format!(": {length}"), ": 5000")).await);
    serves_others(&caisson).await;
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn chunks_without_measure_are_refused() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n");
    for (chunks, repeated) in [
        ("zz\r\n", ""),
        ("-1\r\n", ""),
        ("ffffffffffffffffff\r\n", ""),
        ("1;", "extension"),
        ("", "1;some=extension\r\n{\r\n"),
        ("0\r\n", "trailer: without an end\r\n"),
        ("0\r\nx: ", "yyyyyyyyyyyyyyyyy"),
        ("1\r\n{}}}}}\r\n", ""),
    ] {
        let mut raw = Raw::saying(caisson.address(), format!("{head}{chunks}")).await;
        let mut sent = 0;
        if !repeated.is_empty() {
            let many = repeated.repeat(1000);
            while raw.send(&many).await {
                sent += many.len();
                assert!(sent < 64 << 20, "{sent} bytes of {repeated:?} are still being read");
            }
        }
        let said = raw.answer().await;
        assert!(said.as_ref().is_none_or(|said| said.status == 400), "{said:?} to {chunks:?}");
    }
    serves_others(&caisson).await;
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn requests_in_a_row_are_answered_in_order_and_held_back_where_answers_are_not_read() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    let mut raw = Raw::connect(caisson.address()).await;
    let row: String =
        (0..100).map(|number| post(CHAT, &say("echo/echo", &format!("<{number}>")).to_string())).collect();
    raw.send(row).await;
    for number in 0..100 {
        let said = raw.answer().await.unwrap();
        assert!(said.status == 200 && said.body.contains(&format!("<{number}>")), "{number}: {said:?}");
    }
    drop(raw);

    let mut deaf = Raw::connect(caisson.address()).await;
    let many = "GET /v1/nothing-is-here HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1000);
    let mut sent = 0_usize;
    // Until the sockets are full in both directions: then the server takes no more.
    while tokio::time::timeout(std::time::Duration::from_secs(2), deaf.send(&many)).await == Ok(true) {
        sent += many.len();
        assert!(sent < 256 << 20, "nobody reads, and all is answered");
    }
    serves_others(&caisson).await;
    drop(deaf);
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn continue_is_said_to_who_waits_for_it_and_upgrades_to_nobody() {
    let caisson = with_echo().await;
    let body = say("echo/echo", "patient").to_string();
    let head = |more: &str, length: usize| {
        format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{more}\r\n\r\n")
    };
    let mut raw = Raw::saying(caisson.address(), head("expect: 100-continue", body.len())).await;
    assert_eq!(raw.answer().await.unwrap().status, 100);
    raw.send(&body).await;
    assert!(raw.answer().await.unwrap().body.contains("patient"));
    // A body that is too large is refused before it is asked for.
    let mut raw = Raw::saying(caisson.address(), head("expect: 100-continue", 1 << 30)).await;
    assert_eq!(raw.answer().await.unwrap().status, 413);

    for upgrade in ["upgrade: websocket", "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA"] {
        let more = format!("connection: upgrade\r\n{upgrade}");
        let mut raw = Raw::saying(caisson.address(), head(&more, body.len()) + &body).await;
        assert_eq!(raw.answer().await.unwrap().status, 200, "{upgrade}");
    }
    let connect = "CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: 127.0.0.1:22\r\n\r\n";
    let said = Raw::saying(caisson.address(), connect).await.answer().await.unwrap();
    assert!(said.status >= 400, "{said:?}");
    serves_others(&caisson).await;
}
