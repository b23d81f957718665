//! As much of an OpenAI client as the demo needs: one request, the answer whole or as it comes, and its receipt.

use anyhow::{Context, bail};
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A client of the demo's own data plane.
pub(super) struct OpenAi {
    http: Client<HttpConnector, Full<Bytes>>,
    origin: String,
}

impl OpenAi {
    pub(super) fn new(origin: &str) -> Self {
        Self { http: Client::builder(TokioExecutor::new()).build_http(), origin: origin.to_owned() }
    }

    /// An answer and its receipt.
    pub(super) async fn whole(&self, path: &str, body: &Value) -> anyhow::Result<(Value, String)> {
        let response = self.post(path, body).await?;
        let header =
            |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("?").to_owned();
        let receipt = format!(
            "fuel={} memory={} bytes-out={} bytes-in={} time-ms={} revision={}",
            header("x-caisson-fuel"),
            header("x-caisson-memory"),
            header("x-caisson-bytes-out"),
            header("x-caisson-bytes-in"),
            header("x-caisson-time-ms"),
            header("x-caisson-revision"),
        );
        let body = response.into_body().collect().await.context("the answer broke off")?.to_bytes();
        Ok((serde_json::from_slice(&body)?, receipt))
    }

    /// A stream: `chunk` is called with each as it comes; gives the receipt.
    pub(super) async fn stream(
        &self,
        path: &str,
        body: &Value,
        mut chunk: impl FnMut(&Value),
    ) -> anyhow::Result<String> {
        let mut incoming = self.post(path, body).await?.into_body();
        let (mut pending, mut receipt) = (String::new(), String::new());
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.context("the stream broke off")?.into_data() else { continue };
            // The host sends whole events, and an event is whole characters.
            pending.push_str(std::str::from_utf8(&data)?);
            while let Some(end) = pending.find("\n\n") {
                let event: String = pending.drain(..end + 2).collect();
                match event.trim_end() {
                    "data: [DONE]" => {}
                    comment if comment.starts_with(": caisson ") => {
                        receipt = comment.trim_start_matches(": caisson ").to_owned()
                    }
                    data => chunk(&serde_json::from_str(data.strip_prefix("data: ").unwrap_or(data))?),
                }
            }
        }
        Ok(receipt)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<http::Response<Incoming>> {
        let request = Request::post(format!("{}{path}", self.origin)).header(CONTENT_TYPE, "application/json");
        let response = self.http.request(request.body(Full::from(body.to_string()))?).await?;
        if !response.status().is_success() {
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(response)
    }
}
