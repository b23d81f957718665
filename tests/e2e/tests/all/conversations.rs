//! What works through every provider's adapter: tools, thinking, embeddings, the list of models.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use caisson_e2e::{ANTHROPIC, Caisson, GEMINI, OPENAI, PROVIDERS, adapter, asking_for_weather};

#[tokio::test]
async fn a_tool_is_called_and_its_result_understood() {
    for provider in PROVIDERS {
        let (caisson, _fake) = provider.served().await;
        let request = asking_for_weather(provider.model());
        let answer = caisson.chat(request.clone()).await.expect(200);
        let choice = &answer["choices"][0];
        assert_eq!(choice["finish_reason"], "tool_calls", "{}: {answer}", provider.name);
        let call = &choice["message"]["tool_calls"][0];
        assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!("weather")));
        let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments, json!({ "city": "Paris" }), "{}", provider.name);

        let mut second = request;
        let messages = second["messages"].as_array_mut().unwrap();
        messages.push(choice["message"].clone());
        messages.push(json!({ "role": "tool", "tool_call_id": call["id"], "content": "21 degrees" }));
        let content = caisson.chat(second).await.content();
        assert!(content.contains("21 degrees"), "{}: {content}", provider.name);
    }
}

#[tokio::test]
async fn a_streamed_tool_call_is_put_together_from_its_fragments() {
    for provider in PROVIDERS {
        let (caisson, _fake) = provider.served().await;
        let transcript = caisson.stream(asking_for_weather(provider.model())).await.rest().await;
        assert_eq!(transcript.finish_reasons(), ["tool_calls"], "{}", provider.name);
        let fragments: Vec<&Value> =
            transcript.chunks().iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0)).collect();
        let (first, others) = fragments.split_first().unwrap();
        assert_eq!(
            (&first["index"], &first["type"], &first["function"]["name"]),
            (&json!(0), &json!("function"), &json!("weather"))
        );
        assert!(first["id"].as_str().is_some_and(|id| !id.is_empty()), "{first}");
        for fragment in others {
            assert_eq!(fragment["index"], 0);
            assert!(fragment.get("id").is_none() && fragment["function"].get("name").is_none(), "{fragment}");
        }
        let arguments: String =
            fragments.iter().filter_map(|fragment| fragment["function"]["arguments"].as_str()).collect();
        assert_eq!(serde_json::from_str::<Value>(&arguments).unwrap(), json!({ "city": "Paris" }), "{}", provider.name);
    }
}

#[tokio::test]
async fn thinking_comes_with_its_signature_and_goes_back_unchanged() {
    for provider in [ANTHROPIC, GEMINI] {
        let (caisson, fake) = provider.served().await;
        let mut request = asking_for_weather(provider.model());
        request["reasoning_effort"] = "low".into();
        let streamed = caisson.stream(request.clone()).await.rest().await;
        let reasoning: String = streamed
            .chunks()
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["reasoning_content"].as_str())
            .collect();
        assert!(reasoning.contains("How warm is it in Paris?"), "{}: {streamed:?}", provider.name);

        let answer = caisson.chat(request.clone()).await.expect(200);
        let message = &answer["choices"][0]["message"];
        assert!(message["reasoning_content"].as_str().unwrap().contains("Paris"), "{message}");
        let signature = message["thinking_blocks"][0]["signature"].as_str();
        let signed = signature.is_some_and(|signature| !signature.is_empty());
        assert!(signed || provider.name == "gemini", "{message}");

        // The fake refuses a conversation whose signatures are not the ones that it gave.
        let messages = request["messages"].as_array_mut().unwrap();
        messages.push(message.clone());
        messages
            .push(json!({ "role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "21 degrees" }));
        assert!(caisson.chat(request).await.content().contains("21 degrees"), "{}", provider.name);
        assert_eq!(fake.requests().len(), 3);
    }
}

#[tokio::test]
async fn embeddings_are_base64_by_request_and_floats_otherwise() {
    for (provider, model) in [(OPENAI, "openai/text-embedding-x"), (GEMINI, "gemini/gemini-embedding-001")] {
        let (caisson, _fake) = provider.served().await;
        let floats = caisson.embed(json!({ "model": model, "input": ["one", "two"] })).await;
        let receipt = floats.receipt();
        assert!(receipt.fuel > 0 && receipt.revision == format!("{}@1", provider.name));
        let floats = floats.expect(200);
        assert_eq!((&floats["object"], floats["data"].as_array().unwrap().len()), (&json!("list"), 2));
        let encoded = caisson
            .embed(json!({ "model": model, "input": ["one", "two"], "encoding_format": "base64" }))
            .await
            .expect(200);
        for index in 0..2 {
            let (float, base64) = (&floats["data"][index], &encoded["data"][index]);
            assert_eq!((&float["object"], &float["index"]), (&json!("embedding"), &json!(index)));
            let expected: Vec<f32> = serde_json::from_value(float["embedding"].clone()).unwrap();
            let bytes = STANDARD.decode(base64["embedding"].as_str().unwrap()).unwrap();
            let vector: Vec<f32> = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            assert!(vector.len() > 1);
            assert_eq!(vector, expected, "{}", provider.name);
        }
        assert_ne!(floats["data"][0]["embedding"], floats["data"][1]["embedding"]);
    }
}

#[tokio::test]
async fn the_models_of_all_deployments_are_listed() {
    let caisson = Caisson::start().await;
    assert_eq!(caisson.get("/v1/models").await.expect(200), json!({ "object": "list", "data": [] }));
    for name in ["echo", "anthropic", "gemini"] {
        caisson.push(name, adapter(name)).await;
    }
    let list = caisson.get("/v1/models").await.expect(200);
    let models = list["data"].as_array().unwrap();
    for deployment in ["echo", "anthropic", "gemini"] {
        let own: Vec<_> = models.iter().filter(|model| model["owned_by"] == deployment).collect();
        assert!(!own.is_empty(), "{deployment}");
        for model in own {
            let id = model["id"].as_str().unwrap();
            assert!(id.starts_with(&format!("{deployment}/")) && !id.ends_with('*'), "{id}");
            assert_eq!((&model["object"], model["created"].is_u64()), (&json!("model"), true));
        }
    }
    let shown = caisson.get("/v1/models/echo/echo").await.expect(200);
    assert_eq!(Some(&shown), models.iter().find(|model| model["id"] == "echo/echo"));
    assert_eq!(caisson.get("/v1/models/echo%2Fecho").await.expect(200), shown);
}
