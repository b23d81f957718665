//! Nothing is lost: OpenAI's wire format, example by example, through the adapter `openai` in both directions.
//!
//! `tests/fixtures/openai` has the examples, and says which properties of the published schema they cover and what a comparison has to
//! allow for. Nothing here knows what a field means: fields and values are compared, whatever they are called.

mod comparison;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use caisson_fake_providers::{Body, FakeProvider, Reply, Wire};
use serde_json::Value;

use caisson_e2e::{Answer, Caisson, adapter, root};
use comparison::differences;

/// What the host adds to an answer that lacks it: clients read it without asking whether it is there.
const ADDED: [&str; 1] = ["choices[0].message.refusal"];

/// One example: what a client sends, and what the upstream answers.
struct Example {
    name: String,
    /// The body as the upstream is to get it.
    request: String,
    /// The body, whole or a stream.
    response: String,
    is_stream: bool,
}

/// A server whose deployment `openai` speaks to a provider that says what the example says.
struct Trip {
    caisson: Caisson,
    provider: FakeProvider,
    /// What is not as it should be, of all examples, so that one run shows all.
    faults: Vec<String>,
}

#[tokio::test]
async fn every_example_of_a_chat_completion_arrives_and_comes_back_whole() {
    let mut trip = Trip::start().await;
    for example in examples(|example| !example.is_embedding() && !example.is_stream, 32) {
        let (arrived, answer) = trip.exchange("/v1/chat/completions", &example).await;
        trip.expect_same_bytes(&example, &arrived);
        trip.expect_whole(&example, &example.response_json(), &answer.expect(200), &ADDED);
    }
    trip.lost_nothing();
}

#[tokio::test]
async fn every_example_of_a_stream_arrives_and_comes_back_whole() {
    let mut trip = Trip::start().await;
    for example in examples(|example| example.is_stream, 11) {
        let (arrived, answer) = trip.exchange("/v1/chat/completions", &example).await;
        trip.expect_same_bytes(&example, &arrived);
        let (sent, got) = (chunks(&example.response), chunks(&answer.text()));
        assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}: {}", example.name, answer.text());
        assert_eq!(got.len(), sent.len(), "{}: {}", example.name, answer.text());
        for (sent, got) in sent.iter().zip(&got) {
            trip.expect_whole(&example, sent, got, &[]);
        }
    }
    trip.lost_nothing();
}

#[tokio::test]
async fn every_example_of_embeddings_arrives_and_comes_back_whole() {
    let mut trip = Trip::start().await;
    for example in examples(Example::is_embedding, 5) {
        let (arrived, answer) = trip.exchange("/v1/embeddings", &example).await;
        // Vectors may travel upstream in another encoding than on the client's side.
        let mut arrived: Value = serde_json::from_slice(&arrived).unwrap();
        arrived["encoding_format"] = example.request_json()["encoding_format"].clone();
        trip.expect_whole(&example, &example.request_json(), &arrived, &["encoding_format"]);
        trip.expect_whole(&example, &example.response_json(), &answer.expect(200), &[]);
    }
    trip.lost_nothing();
}

impl Trip {
    async fn start() -> Self {
        let caisson = Caisson::start().await;
        let provider = FakeProvider::start(Wire::OpenAi).await.unwrap();
        caisson.push("openai", adapter("openai")).upstream(&provider).await;
        Self { caisson, provider, faults: Vec::new() }
    }

    /// Sends the example's request; gives what reached the upstream, and what came back.
    async fn exchange(&self, path: &str, example: &Example) -> (Bytes, Answer) {
        self.provider.respond_with(example.reply());
        let answer = self.caisson.ask("POST", path).text(&example.sent()).answer().await;
        assert_eq!(answer.status, 200, "{}: {}", example.name, answer.text());
        (self.provider.requests().last().unwrap().body.clone(), answer)
    }

    fn expect_same_bytes(&mut self, example: &Example, arrived: &[u8]) {
        if arrived != example.request.as_bytes() {
            self.faults.push(format!("{}: the upstream got {}", example.name, String::from_utf8_lossy(arrived)));
        }
    }

    /// `added` are the paths at which the host may say more than was sent.
    fn expect_whole(&mut self, example: &Example, sent: &Value, arrived: &Value, added: &[&str]) {
        let found = differences(sent, arrived);
        let found = found.iter().filter(|found| !(found.is_added() && added.contains(&found.path.as_str())));
        self.faults.extend(found.map(|found| format!("{}: {found}", example.name)));
    }

    #[track_caller]
    fn lost_nothing(&self) {
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
    }
}

/// The examples that are wanted, of which there have to be `least`.
fn examples(wanted: impl Fn(&Example) -> bool, least: usize) -> Vec<Example> {
    let folder = root().join("tests/fixtures/openai");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let examples: Vec<_> = paths.iter().filter_map(|path| Example::read(path)).filter(wanted).collect();
    assert!(examples.len() >= least, "{} examples in {}", examples.len(), folder.display());
    examples
}

/// The chunks of an event stream.
fn chunks(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

impl Example {
    /// Reads the example whose request this is; none where the file is no request.
    fn read(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".request.json")?.to_owned();
        let whole = path.with_file_name(format!("{name}.response.json"));
        let is_stream = !whole.exists();
        let response = if is_stream { path.with_file_name(format!("{name}.response.sse")) } else { whole };
        let [request, response] = [path, &response].map(|path| fs::read_to_string(path).unwrap());
        Some(Self { name, request, response, is_stream })
    }

    fn is_embedding(&self) -> bool {
        self.name.starts_with("embedding")
    }

    fn request_json(&self) -> Value {
        serde_json::from_str(&self.request).unwrap()
    }

    fn response_json(&self) -> Value {
        serde_json::from_str(&self.response).unwrap()
    }

    /// What the client sends: the same bytes, the model under its deployment's name.
    fn sent(&self) -> String {
        let model = self.request_json()["model"].clone();
        let (own, deployed) =
            (format!("\"model\": {model}"), format!("\"model\": \"openai/{}\"", model.as_str().unwrap()));
        assert_eq!(self.request.matches(&own).count(), 1, "{}", self.name);
        self.request.replace(&own, &deployed)
    }

    fn reply(&self) -> Reply {
        let body = Body::Whole(self.response.clone().into());
        if self.is_stream {
            return Reply::event_stream(body);
        }
        Reply::new(200, body).header("content-type", "application/json")
    }
}
