"""The mapping between the contract and Ollama's API: pure, no I/O, no settings. `request` and `turns` go out,
`answer` and `stream` come back, `embeddings` does both; `counts` and `logprobs` are what answers share."""
