//! What the demo shows, in order, and what it leaves the person to try.

use serde_json::{Value, json};

use super::Shown;
use super::client::OpenAi;

/// Runs a plain answer, a stream with a tool call, and an embedding through every adapter that has it.
pub(super) async fn run(client: &OpenAi, shown: &[Shown]) -> anyhow::Result<()> {
    println!("\n— a plain answer");
    for Shown { name, model, .. } in shown {
        let question = json!({ "model": format!("{name}/{model}"), "messages": [{ "role": "user", "content": "Why is the sea salty?" }] });
        let (answer, receipt) = client.whole("/v1/chat/completions", &question).await?;
        println!("  {name:<10} {}", answer["choices"][0]["message"]["content"].as_str().unwrap_or_default());
        println!("  {:<10} {receipt}", "");
    }

    println!("\n— a stream with a tool call");
    for Shown { name, model, .. } in shown {
        let mut call = ToolCall::default();
        let receipt = client
            .stream("/v1/chat/completions", &weather_question(&format!("{name}/{model}")), |chunk| call.add(chunk))
            .await?;
        println!(
            "  {name:<10} {}({}) in {} chunks, finish_reason {}",
            call.name, call.arguments, call.chunks, call.finish_reason
        );
        println!("  {:<10} {receipt}", "");
    }

    println!("\n— an embedding");
    for Shown { name, embedding_model, .. } in shown {
        let Some(model) = embedding_model else {
            println!("  {name:<10} has none");
            continue;
        };
        let request = json!({ "model": format!("{name}/{model}"), "input": "the sea is salty" });
        let (answer, receipt) = client.whole("/v1/embeddings", &request).await?;
        let vector: Vec<f64> =
            answer["data"][0]["embedding"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let beginning: Vec<String> = vector.iter().take(3).map(|number| format!("{number:.4}")).collect();
        println!("  {name:<10} {} dimensions: [{}, …]", vector.len(), beginning.join(", "));
        println!("  {:<10} {receipt}", "");
    }
    Ok(())
}

/// What to paste into another terminal while the demo serves.
pub(super) fn print_snippets(origin: &str, admin_key: &str, shown: &[Shown]) {
    println!("\n— still serving; try it from another terminal (Ctrl-C ends the demo)\n");
    println!(
        "curl {origin}/v1/chat/completions -d '{{\"model\":\"anthropic/claude-sonnet-4-6\",\"stream\":true,\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'\n"
    );
    println!("pip install openai && python3 - <<'END'");
    println!("from openai import OpenAI");
    println!("client = OpenAI(base_url=\"{origin}/v1\", api_key=\"none-needed-on-this-machine\")");
    println!("for chunk in client.chat.completions.create(model=\"gemini/gemini-2.5-flash\", stream=True,");
    println!("        messages=[{{\"role\": \"user\", \"content\": \"Hello\"}}]):");
    println!("    print(chunk.choices[0].delta.content or \"\", end=\"\", flush=True)");
    println!("END\n");
    println!("export CAISSON_URL={origin} CAISSON_ADMIN_KEY={admin_key}");
    println!("caisson list    # the binary is target/release/caisson");
    for Shown { name, model, key_variable, .. } in shown.iter().filter(|shown| shown.key_variable.is_some()) {
        let variable = key_variable.unwrap_or_default();
        if std::env::var_os(variable).is_some() {
            println!("# {variable} is set: the real provider answers as {name}-live/{model}");
        } else {
            println!("# start the demo with {variable} set, and the real provider answers as {name}-live/{model}");
        }
    }
}

fn weather_question(model: &str) -> Value {
    json!({
        "model": model,
        "stream": true,
        "messages": [{ "role": "user", "content": "What is the weather in Paris?" }],
        "tools": [{ "type": "function", "function": {
            "name": "get_weather",
            "description": "The weather in a city now",
            "parameters": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] },
        } }],
    })
}

/// A tool call, put together from its fragments.
#[derive(Default)]
struct ToolCall {
    name: String,
    arguments: String,
    finish_reason: String,
    chunks: usize,
}

impl ToolCall {
    fn add(&mut self, chunk: &Value) {
        self.chunks += 1;
        let choice = &chunk["choices"][0];
        let function = &choice["delta"]["tool_calls"][0]["function"];
        self.name.push_str(function["name"].as_str().unwrap_or_default());
        self.arguments.push_str(function["arguments"].as_str().unwrap_or_default());
        if let Some(reason) = choice["finish_reason"].as_str() {
            reason.clone_into(&mut self.finish_reason);
        }
    }
}
