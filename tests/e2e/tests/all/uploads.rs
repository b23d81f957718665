//! What an author gets for a file that is no adapter, and that it disturbs nobody.

use bytes::Bytes;

use caisson_e2e::{Answer, Caisson, adapter, guest, say};

const PROVIDER: &str = "caisson:adapter/provider@0.1.0";

/// A server with `echo` deployed, onto which everything else is pushed.
async fn with_echo() -> Caisson {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    caisson
}

/// Pushes onto `echo` what has to be refused with 422, and checks that the revision before is served as if nothing had been.
async fn refused(caisson: &Caisson, component: impl Into<Bytes>) -> Answer {
    let answer = caisson.push("echo", component.into()).answer().await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    let revisions = caisson.control("GET", "/adapters/echo/revisions").answer().await.expect(200);
    assert_eq!(revisions["revisions"].as_array().unwrap().len(), 1, "{revisions}");
    let chat = caisson.chat(say("echo/echo", "still here")).await;
    assert!(chat.content().contains("still here"));
    assert_eq!(chat.receipt().revision, "echo@1");
    answer
}

/// The message of an answer with this code.
#[track_caller]
fn says(answer: &Answer, code: &str) -> String {
    answer.expect_error(422, code)["message"].as_str().unwrap().to_owned()
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[tokio::test]
async fn what_is_no_wasm_is_refused() {
    let caisson = with_echo().await;
    for bytes in
        [&b""[..], b"x", b"#!/bin/sh\necho hello\n", b"PK\x03\x04 a zip file", b"\x7fELF", b"\0aSm\x0d\0\x01\0"]
    {
        let message = says(&refused(&caisson, Bytes::from_static(bytes)).await, "not_wasm");
        assert!(message.contains("no WebAssembly"), "{message}");
    }
}

#[tokio::test]
async fn a_core_module_is_told_how_to_become_a_component() {
    let caisson = with_echo().await;
    let message = says(&refused(&caisson, wat("(module (func (export \"complete\")))")).await, "core_module");
    assert!(message.contains("wasm32-wasip2") && message.contains(PROVIDER), "{message}");
}

#[tokio::test]
async fn a_component_without_the_export_is_told_which_and_what_it_has() {
    let caisson = with_echo().await;
    let message = says(&refused(&caisson, wat("(component)")).await, "missing_export");
    assert!(message.contains(PROVIDER) && message.contains("exports nothing"), "{message}");

    let other = "(component (instance $i) (export \"wasi:http/incoming-handler@0.2.0\" (instance $i)))";
    let message = says(&refused(&caisson, wat(other)).await, "missing_export");
    assert!(message.contains(PROVIDER) && message.contains("`wasi:http/incoming-handler@0.2.0`"), "{message}");
}

#[tokio::test]
async fn a_component_on_another_version_of_the_contract_is_told_which_it_has_and_which_is_supported() {
    let caisson = with_echo().await;
    let exporting = "(component (instance $i) (export \"caisson:adapter/provider@0.2.0\" (instance $i)))";
    let importing = "(component (import \"caisson:llm/host@0.0.9\" (instance)))";
    for (component, version) in [(exporting, "0.2.0"), (importing, "0.0.9")] {
        let message = says(&refused(&caisson, wat(component)).await, "contract_version");
        let said = format!("is built on version {version} of the contract");
        assert!(message.contains(&said) && message.contains("supports 0.1.0"), "{message}");
    }
}

#[tokio::test]
async fn an_export_of_another_shape_is_told_so() {
    let caisson = with_echo().await;
    let described_alone = format!(
        r#"(component
            (core module $code (func (export "describe") (result i32) i32.const 7))
            (core instance $code (instantiate $code))
            (func $describe (result u32) (canon lift (core func $code "describe")))
            (instance $provider (export "describe" (func $describe)))
            (export "{PROVIDER}" (instance $provider)))"#
    );
    let message = says(&refused(&caisson, wat(&described_alone)).await, "missing_export");
    assert!(message.contains(PROVIDER) && message.contains("another shape"), "{message}");

    // All the names, and none of the types.
    let all_numbers = format!(
        r#"(component
            (core module $code
                (func (export "number") (result i32) i32.const 7)
                (func (export "next") (param i32) (result i32) i32.const 7))
            (core instance $code (instantiate $code))
            (type $events' (resource (rep i32)))
            (func $number (result u32) (canon lift (core func $code "number")))
            (func $next (param "self" (borrow $events')) (result u32) (canon lift (core func $code "next")))
            (component $shaped
                (import "events" (type $events (sub resource)))
                (import "number" (func $number (result u32)))
                (import "next" (func $next (param "self" (borrow $events)) (result u32)))
                (export $exported "events" (type $events))
                (export "[method]events.next" (func $next) (func (param "self" (borrow $exported)) (result u32)))
                (export "describe" (func $number))
                (export "complete" (func $number))
                (export "open-stream" (func $number))
                (export "embed" (func $number)))
            (instance $provider (instantiate $shaped
                (with "events" (type $events'))
                (with "number" (func $number))
                (with "next" (func $next))))
            (export "{PROVIDER}" (instance $provider)))"#
    );
    let message = says(&refused(&caisson, wat(&all_numbers)).await, "missing_export");
    assert!(message.contains(PROVIDER) && message.contains("type mismatch"), "{message}");
}

#[tokio::test]
async fn imports_that_nobody_gives_are_all_named() {
    let caisson = with_echo().await;
    let strangers = format!(
        r#"(component
            (import "acme:stuff/thing@1.0.0" (instance))
            (import "acme:stuff/other" (instance))
            (import "wasi:keyvalue/store@0.2.0" (instance))
            (import "wasi:clocks/wall-clock@0.2.0" (instance))
            (instance $provider)
            (export "{PROVIDER}" (instance $provider)))"#
    );
    let message = says(&refused(&caisson, wat(&strangers)).await, "unknown_import");
    for name in ["`acme:stuff/thing@1.0.0`", "`acme:stuff/other`", "`wasi:keyvalue/store@0.2.0`"] {
        assert!(message.contains(name), "{message}");
    }
    assert!(!message.contains("`wasi:clocks"), "{message}");
}

#[tokio::test]
async fn an_import_that_the_host_gives_in_another_shape_is_refused() {
    let caisson = with_echo().await;
    let counted_in_text = format!(
        r#"(component
            (import "caisson:llm/host@0.1.0" (instance
                (export "count-tokens" (func (param "text" string) (result string)))))
            (instance $provider)
            (export "{PROVIDER}" (instance $provider)))"#
    );
    let message = says(&refused(&caisson, wat(&counted_in_text)).await, "unknown_import");
    assert!(message.contains("caisson:llm/host@0.1.0") && message.contains("another shape"), "{message}");
}

#[tokio::test]
async fn a_truncated_upload_is_refused_wherever_it_ends() {
    let caisson = with_echo().await;
    let whole = guest("counter");
    for length in [4, 7, 9, 64, 1000, whole.len() / 2, whole.len() - 1] {
        let message = says(&refused(&caisson, whole.slice(..length)).await, "invalid_component");
        assert!(message.contains("invalid or cut off"), "{length}: {message}");
    }
}

#[tokio::test]
async fn a_corrupt_component_is_refused() {
    let caisson = with_echo().await;
    let mut bytes = guest("counter").to_vec();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    says(&refused(&caisson, bytes).await, "invalid_component");
}

#[tokio::test]
async fn an_upload_over_the_limit_is_told_the_limit() {
    let caisson = Caisson::prepare().config("max-upload-bytes = 1000000").start().await;
    caisson.push("echo", adapter("echo")).await;
    let message = says(&refused(&caisson, vec![0; 1_000_001]).await, "upload_too_large");
    assert!(message.contains("1000000 bytes"), "{message}");
    let far_over =
        caisson.control("PUT", "/adapters/echo").bytes("application/wasm", vec![0; 1_000_001].into()).answer().await;
    says(&far_over, "upload_too_large");
}

#[tokio::test]
async fn machine_code_is_never_taken() {
    let caisson = with_echo().await;
    for (kind, flags) in [("module", 1), ("component", 2)] {
        let message = says(&refused(&caisson, precompiled(flags)).await, "precompiled");
        assert!(message.contains("upload the component itself"), "{kind}: {message}");
    }
}

#[tokio::test]
async fn an_adapter_that_cannot_describe_itself_is_refused() {
    let caisson = with_echo().await;
    let message = says(&refused(&caisson, guest("spin_describe")).await, "describe_failed");
    assert!(message.contains("fuel") || message.contains("deadline"), "{message}");
    let message = says(&refused(&caisson, guest("big_describe")).await, "describe_failed");
    assert!(message.contains("describe"), "{message}");
}

#[tokio::test]
async fn describe_reaches_no_host() {
    let caisson = Caisson::start().await;
    let made = caisson.push("dialler", guest("dial_in_describe")).await;
    let description = made.0["adapter"]["description"].as_str().unwrap();
    assert!(description.starts_with("not reached"), "{description}");
}

#[tokio::test]
async fn a_form_without_a_component_is_told_its_parts() {
    let caisson = Caisson::start().await;
    for (form, says) in [
        ("--b\r\ncontent-disposition: form-data; name=\"config\"\r\n\r\n{}\r\n--b--\r\n", "`component` is missing"),
        ("--b\r\ncontent-disposition: form-data; name=\"wasm\"\r\n\r\n{}\r\n--b--\r\n", "unknown part `wasm`"),
        ("--b\r\ncontent-disposition: form-data; name=\"config\"\r\n\r\n{}", "form"),
    ] {
        let push = caisson.control("PUT", "/adapters/echo");
        let answer = push.bytes("multipart/form-data; boundary=b", form.into()).answer().await;
        let error = answer.expect_error(400, "invalid_body");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    caisson.control("GET", "/adapters/echo").answer().await.expect_error(404, "unknown_deployment");
}

#[tokio::test]
async fn a_name_that_could_be_something_else_is_refused() {
    let caisson = Caisson::start().await;
    for name in ["Echo", "a.b", "-a", "%2e%2e", "a%2fb", "%C3%A9"] {
        let answer = caisson.push(name, adapter("echo")).answer().await;
        answer.expect_error(422, "invalid_name");
    }
}

#[tokio::test]
async fn the_command_line_checks_a_file_and_prints_why_an_upload_was_refused() {
    let caisson = Caisson::start().await;
    let file = caisson.setup().folder().join("module.wasm");
    std::fs::write(&file, wat("(module)")).unwrap();
    let file = file.to_str().unwrap();
    let said = caisson.run(&["push", file, "--name", "core"]).refused().await;
    assert!(said.contains("this is a core module, not a component"), "{said}");
    let said = caisson.run(&["check", file]).refused().await;
    assert!(said.contains("this is a core module, not a component"), "{said}");

    std::fs::write(file, adapter("anthropic")).unwrap();
    let said = caisson.run(&["check", file]).printed().await;
    for part in ["is an adapter", "wants host        https://api.anthropic.com", "in the header x-api-key"] {
        assert!(said.contains(part), "{said}");
    }
}

/// The head of an ELF file as wasmtime writes it for its own machine code: 64-bit, its own ABI, flagged as module or component.
fn precompiled(flags: u32) -> Vec<u8> {
    const ELFOSABI_WASMTIME: u8 = 200;
    let mut head = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, ELFOSABI_WASMTIME];
    head.resize(16, 0);
    // Relocatable, of no particular machine, version 1; entry and offsets zero.
    head.extend_from_slice(&[1, 0, 0, 0, 1, 0, 0, 0]);
    head.resize(48, 0);
    head.extend_from_slice(&flags.to_le_bytes());
    head.extend_from_slice(&64_u16.to_le_bytes());
    head.resize(58, 0);
    // The size of a section's header, of which there are none.
    head.extend_from_slice(&64_u16.to_le_bytes());
    head.resize(64, 0);
    head
}
