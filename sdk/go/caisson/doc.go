// Package caisson is what an adapter is written with: a program that speaks one LLM provider's API, which Caisson runs in
// a sandbox and any OpenAI client can call.
//
// An adapter is a type with the methods of [Adapter]; embedding [Base] leaves out those it lacks. A main package hands it
// to [github.com/caisson/caisson/sdk/go/component.Export]. Requests to the provider are [Request], their answers
// [Response]; what may go wrong is an [Error].
//
// Every call runs in a fresh instance of the component, made for it and dropped after it, so there is nothing to keep
// between calls. No key is ever in an adapter's hands: it declares a [CredentialSlot], and the host puts the secret on the
// requests that go to the slot's host.
//
// The types are the contract's (wit/llm/api.wit), with what Go wants: a pointer where absent and zero differ, an empty
// string where nothing and "" mean the same, interfaces for what may be one of several things.
package caisson
