//! Where secrets are not: in no file, log line, answer, error or metric, nor in the process's environment, in any form that could be
//! read back. And the key that seals them: where it comes from, how it is changed, and what is said of one that can't be used.
//!
//! What a guest or an upstream sees of a credential is `credentials`'s.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use caisson_fake_providers::{FakeProvider, Wire};
use serde_json::json;

use caisson_e2e::{ADMIN_KEY, Answer, Caisson, OPENAI, Setup, adapter, guest, say};

/// With characters that JSON escapes, that URLs encode, and that base64 tells its alphabets apart by.
const SECRET: &str = "sk-\"first\\of/nobody+?>~~~&=%-0123456789";
const ROTATED: &str = "sk-second-of-nobody-~~~???>>>-9876543210";
/// Never stored: there is something wrong with where or how it is given.
const MISPLACED: &str = "sk-misplaced-of-nobody-0123456789";
const KEY: &str = "the-operators-own-secret-key-of-40-bytes";
const OTHER_KEY: &str = "another-secret-key-for-the-same-folder-40";

#[tokio::test]
async fn no_secret_is_in_any_file_log_line_answer_or_metric() {
    let fake = FakeProvider::start_with_key(Wire::OpenAi, SECRET).await.unwrap();
    // All but the compiler, which knows no secrets and would trace each instruction.
    let log = "trace,cranelift_codegen=info,regalloc2=info";
    let caisson = Caisson::prepare().log(log).env("CAISSON_SECRET_KEY", KEY).start().await;
    let mut answers = Answers::default();

    answers.keep("push", caisson.push("openai", adapter("openai")).upstream(&fake).answer().await);
    answers.keep("chat", caisson.chat(say(OPENAI.model(), "ahoy")).await);
    answers.keep("a leak", caisson.chat(say("openai/leak", "x")).await);
    fake.respond_with(OPENAI.error(401, &format!("wrong key {SECRET}")));
    answers.keep("a refusal", caisson.chat(say(OPENAI.model(), "x")).await);
    let rotate = json!({ "api-key": ROTATED });
    answers.keep("rotation", caisson.control("PUT", "/adapters/openai/credentials").json(&rotate).answer().await);
    answers.keep("a wrong key", caisson.chat(say(OPENAI.model(), "x")).await);
    let patch = json!({ "credentials": { "api-key": SECRET } });
    answers.keep("patch", caisson.control("PATCH", "/adapters/openai").json(&patch).answer().await);
    assert!(answers.all().iter().take(2).all(|(_, answer)| (200..300).contains(&answer.status)), "nothing was tried");

    for wrong in [
        json!({ "credentials": MISPLACED }),
        json!({ "credentials": [MISPLACED] }),
        json!({ "credentials": { "api-key": [MISPLACED] } }),
        json!({ "credentials": { "api-key": { "value": MISPLACED } } }),
        json!({ "credentials": { "api-key": format!("{MISPLACED}\n") } }),
        json!({ "credentials": { "no-such-slot": MISPLACED } }),
        json!({ "grants": MISPLACED }),
        json!({ "grants": [format!("https://user:{MISPLACED}@example.com")] }),
        json!({ "grants": [format!("https://example.com/?key={MISPLACED}")] }),
        json!({ "settings": { "base-url": format!("https://user:{MISPLACED}@example.com") } }),
        json!({ "settings": { "base-url": format!("https://example.com/?key={MISPLACED}") } }),
        json!({ "limits": { "fuel": MISPLACED } }),
        json!({ "limits": MISPLACED }),
        json!({ "grant-requested": MISPLACED }),
        json!({ "allow-private": MISPLACED }),
        json!([MISPLACED]),
        json!(MISPLACED),
    ] {
        let answer = caisson.control("PATCH", "/adapters/openai").json(&wrong).answer().await;
        assert!([400, 422].contains(&answer.status), "{wrong}: {} {}", answer.status, answer.text());
        answers.keep(&wrong.to_string(), answer);
    }
    for broken in [
        format!(r#"{{"credentials":{{"api-key":"{MISPLACED}"#),
        format!(r#"{{"credentials":{{"api-key":"{MISPLACED}"}}}} {MISPLACED}"#),
        format!(r#"{{"credentials":{{"api-key":{MISPLACED}}}}}"#),
        format!(r#"{{"credentials":{{"api-key":"{MISPLACED}\x"}}}}"#),
    ] {
        let answer = caisson.control("PATCH", "/adapters/openai").text(&broken).answer().await;
        answer.expect_error(400, "invalid_body");
        answers.keep(&broken, answer);
        let form = format!("--b\r\ncontent-disposition: form-data; name=\"config\"\r\n\r\n{broken}\r\n--b--\r\n");
        let upload = caisson.control("PUT", "/adapters/openai").bytes("multipart/form-data; boundary=b", form.into());
        let answer = upload.answer().await;
        answer.expect_error(400, "invalid_body");
        answers.keep(&broken, answer);
    }
    let no_adapter = caisson.push("openai", "no component".into()).credential("api-key", MISPLACED);
    answers.keep("no component", no_adapter.answer().await);
    answers.keep("a wrong admin key", caisson.ask("GET", "/admin/v1/adapters").key(MISPLACED).answer().await);
    answers.keep("a wrong caller's key", caisson.ask("GET", "/v1/models").key(MISPLACED).answer().await);
    for path in ["/adapters", "/adapters/openai", "/adapters/openai/revisions", "/keys"] {
        answers.keep(path, caisson.control("GET", path).answer().await);
    }
    for path in ["/metrics", "/v1/models", "/healthz", "/readyz"] {
        answers.keep(path, caisson.get(path).await);
    }
    let from_environment = ["set", "openai", "--credential", "api-key=env:MISPLACED", "--json"];
    let ran = caisson.run(&from_environment).env("MISPLACED", SECRET).ran().await;
    assert!(ran.success, "{}", ran.stderr);
    answers.say("set --json", &format!("{}{}", ran.stdout, ran.stderr));
    for arguments in [&["show", "openai", "--json"][..], &["list", "--json"], &["show", "openai"], &["key", "list"]] {
        let ran = caisson.run(arguments).ran().await;
        answers.say(&arguments.join(" "), &format!("{}{}", ran.stdout, ran.stderr));
    }

    for secret in [SECRET, ROTATED, MISPLACED, KEY, ADMIN_KEY] {
        for form in forms(secret) {
            for (what, text) in answers.texts() {
                assert!(!holds(text.as_bytes(), &form), "{form} in the answer to {what}: {text}");
            }
            assert_eq!(files_with(&caisson.data_dir(), &form), Vec::<PathBuf>::new(), "{form}");
        }
    }
    // Those as well that a stop writes.
    let folder = caisson.setup();
    let printed = caisson.finished().await;
    assert!(printed.contains("TRACE"), "nothing was traced");
    for secret in [SECRET, ROTATED, MISPLACED, KEY, ADMIN_KEY] {
        for form in forms(secret) {
            let line = printed.lines().find(|line| line.contains(&form));
            assert_eq!(line, None, "{form} is logged");
            assert_eq!(files_with(&folder.data_dir(), &form), Vec::<PathBuf>::new(), "{form}");
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_shows_its_secrets_nowhere_and_leaves_no_core() {
    let caisson =
        Caisson::prepare().env("CAISSON_SECRET_KEY", KEY).env("CAISSON_OLD_SECRET_KEY", OTHER_KEY).start().await;
    let of_process = |file: &str| fs::read(format!("/proc/{}/{file}", caisson.process_id())).unwrap();
    for file in ["environ", "cmdline"] {
        let bytes = of_process(file);
        assert!(!bytes.is_empty());
        for secret in [KEY, OTHER_KEY, ADMIN_KEY] {
            assert!(!holds(&bytes, secret), "{secret} in {file}");
        }
    }
    assert!(holds(&of_process("environ"), "NO_COLOR"), "the rest of the environment is as it was");
    let limits = String::from_utf8(of_process("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    // And it knows them all the same.
    caisson.control("GET", "/adapters").answer().await.expect(200);
}

#[tokio::test]
async fn without_a_key_one_is_made_once_and_said_what_it_protects() {
    let (caisson, _fake) = OPENAI.served().await;
    let line = caisson.output().line_with("secret.key").await;
    assert!(line.contains("copies of the database") && line.contains("CAISSON_SECRET_KEY"), "{line}");
    let path = caisson.data_dir().join("secret.key");
    let made = fs::read(&path).unwrap();
    assert!(!holds(&made, ADMIN_KEY) && made.len() > 32);
    let caisson = caisson.restarted().await;
    assert_eq!(fs::read(&path).unwrap(), made);
    assert!(caisson.chat(say(OPENAI.model(), "ahoy")).await.content().contains("ahoy"));

    // Without it nothing is opened, and no other is made.
    let mut caisson = caisson;
    caisson.kill();
    fs::remove_file(&path).unwrap();
    let (status, said) = caisson.setup().refused().await;
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("sealed with a secret key that isn't there") && said.contains("--secret-key-file"), "{said}");
    assert!(!path.exists());
    fs::write(&path, made).unwrap();
    let caisson = caisson.setup().start().await;
    assert!(caisson.chat(say(OPENAI.model(), "ahoy")).await.content().contains("ahoy"));
}

#[tokio::test]
async fn a_key_is_changed_with_the_old_one_and_not_without() {
    let fake = OPENAI.fake().await;
    // From the folder's own, to a file, to another in the environment.
    let mut caisson = Caisson::start().await;
    caisson.push("openai", adapter("openai")).upstream(&fake).await;
    let own = caisson.data_dir().join("secret.key");
    let file = key_file(&caisson.setup(), KEY);
    caisson.kill();
    let mut caisson = caisson.setup().config(&format!("secret-key-file = {file:?}")).start().await;
    assert!(caisson.chat(say(OPENAI.model(), "ahoy")).await.content().contains("ahoy"));
    assert!(!own.exists());

    caisson.kill();
    let other = caisson.setup().env("CAISSON_SECRET_KEY", OTHER_KEY);
    let (status, said) = other.clone().refused().await;
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("sealed with another secret key than CAISSON_SECRET_KEY"), "{said}");
    assert!(said.contains("CAISSON_OLD_SECRET_KEY") && !said.contains(OTHER_KEY), "{said}");

    let changing = other.clone().argument("--old-secret-key-file").argument(&file);
    let mut caisson = changing.clone().start().await;
    assert!(caisson.chat(say(OPENAI.model(), "ahoy")).await.content().contains("ahoy"));
    caisson.kill();
    // Once changed the old one isn't needed, and does no harm.
    fs::remove_file(&file).unwrap();
    for setup in [changing, other] {
        let mut caisson = setup.start().await;
        assert!(caisson.chat(say(OPENAI.model(), "ahoy")).await.content().contains("ahoy"));
        caisson.kill();
    }
}

#[tokio::test]
async fn a_key_that_can_not_be_used_is_refused_with_a_sentence() {
    let setup = Caisson::prepare();
    let missing = setup.folder().join("missing.key");
    let long = setup.folder().join("long.key");
    fs::write(&long, "k".repeat(5000)).unwrap();
    let short = key_file(&setup, "too-short-by-far");
    let folder = setup.folder().display().to_string();
    for (given, sentence) in [
        (missing.to_str().unwrap(), "can't read the secret key file "),
        (&folder, "can't read the secret key file "),
        (&short, "has fewer than 32 characters: take a random one"),
        (long.to_str().unwrap(), "has more than 4096 characters: is that the right file?"),
    ] {
        let (status, said) = setup.clone().argument("--secret-key-file").argument(given).refused().await;
        assert_eq!(status.code(), Some(1));
        assert!(said.contains(sentence) && said.contains(given) && !said.contains("too-short-by-far"), "{said}");
    }
    for variable in ["CAISSON_SECRET_KEY", "CAISSON_OLD_SECRET_KEY"] {
        let (_, said) = setup.clone().env(variable, "too-short-by-far").refused().await;
        assert!(said.contains(&format!("{variable} has fewer than 32 characters")), "{said}");
        assert!(!said.contains("too-short-by-far"), "{said}");
    }
    // Set to nothing is not set.
    setup.env("CAISSON_SECRET_KEY", "").start().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_file_that_everybody_can_read_is_used_and_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let setup = Caisson::prepare();
    let file = key_file(&setup, KEY);
    for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let caisson = setup.clone().argument("--secret-key-file").argument(&file).start().await;
        let said = caisson.finished().await;
        assert_eq!(said.contains("every user of this machine can read the secret key"), warned, "{mode:o}: {said}");
    }
}

#[tokio::test]
async fn a_sealed_credential_that_is_moved_to_another_place_does_not_open() {
    let (fake, mut caisson) = tokio::join!(OPENAI.fake(), Caisson::start());
    let push = |secret| {
        let push = caisson.push("reach", guest("reach")).set("base-url", &fake.origin()).grant_requested();
        push.credential("in-bearer", SECRET).credential("in-header", secret)
    };
    push(ROTATED).await;
    caisson.kill();
    // Whoever can write to the database, without the key, puts one slot's value in another's place.
    let database = rusqlite::Connection::open(caisson.data_dir().join("caisson.db")).unwrap();
    let swap =
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE slot = 'in-bearer') WHERE slot = 'in-header'";
    assert_eq!(database.execute(swap, []).unwrap(), 1);
    drop(database);

    let caisson = caisson.setup().start().await;
    caisson.output().line_with("a credential doesn't open").await;
    let shown = caisson.control("GET", "/adapters/reach").answer().await.expect(200);
    let given = |slot: &str| {
        let slots = shown["wants"]["credentials"].as_array().unwrap();
        slots.iter().find(|of| of["slot"] == slot).unwrap()["given"].as_bool().unwrap()
    };
    assert!(given("in-bearer") && !given("in-header"), "{shown}");
    // Given again, it's there again.
    let again = json!({ "in-header": ROTATED });
    let made = caisson.control("PUT", "/adapters/reach/credentials").json(&again).answer().await.expect(200);
    assert_eq!(made["missing"], json!([]), "{made}");
}

/// What came back, and of what.
#[derive(Default)]
struct Answers(Vec<(String, Answer)>, Vec<(String, String)>);

impl Answers {
    fn keep(&mut self, what: &str, answer: Answer) {
        self.0.push((what.into(), answer));
    }

    fn say(&mut self, what: &str, text: &str) {
        self.1.push((what.into(), text.into()));
    }

    fn all(&self) -> &[(String, Answer)] {
        &self.0
    }

    fn texts(&self) -> Vec<(&str, String)> {
        let answers = self.0.iter().map(|(what, answer)| (&**what, format!("{:?}\n{}", answer.headers, answer.text())));
        answers.chain(self.1.iter().map(|(what, text)| (&**what, text.clone()))).collect()
    }
}

/// A secret as it could be read back: as it is, escaped, percent-encoded, in hex, and in base64 wherever in a text it stands.
fn forms(secret: &str) -> Vec<String> {
    let hex = |upper: bool| -> String {
        secret.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
    };
    let escaped = json!(secret).to_string();
    let escaped = &escaped[1..escaped.len() - 1];
    let encoded: String = secret
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let mut forms =
        vec![secret.to_owned(), escaped.to_owned(), json!(escaped).to_string(), encoded, hex(false), hex(true)];
    for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
        for before in 0..3 {
            // Without the characters that what stands before and behind has a part in.
            let text = engine.encode([&b"..."[..before], secret.as_bytes()].concat());
            let first = [0, 2, 3][before];
            forms.push(text[first..text.trim_end_matches('=').len() - 1].to_owned());
        }
    }
    forms
}

fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if holds(&fs::read(&path).unwrap(), text) {
            found.push(path);
        }
    }
    found
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn key_file(setup: &Setup, key: &str) -> String {
    let path = setup.folder().join("operators.key");
    fs::write(&path, format!("{key}\n")).unwrap();
    path.display().to_string()
}
