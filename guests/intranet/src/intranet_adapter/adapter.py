"""The adapter: what it says of itself, and how a request passes through it. The wire is `client`'s and `frames`',
the mapping `conversions`'."""

from collections.abc import Iterator

from caisson import (
    Adapter,
    AdapterInfo,
    ChatAnswer,
    ChatRequest,
    Context,
    CredentialSlot,
    EmbedRequest,
    EmbedResponse,
    Event,
    Finish,
    Header,
    Setting,
    TextDelta,
)

from intranet_adapter import client, conversions
from intranet_adapter.frames import End, Words
from intranet_adapter.refusals import broken_off

# OpenAI's parameters that reach the service in some form.
_PARAMETERS = ["model", "messages", "max_tokens", "max_completion_tokens", "temperature", "stop", "stream", "input"]


class Intranet(Adapter):
    def describe(self) -> AdapterInfo:
        session = CredentialSlot("session", client.HOST, Header("x-desk-session"), description="A session of the desk")
        return AdapterInfo(
            "intranet",
            "0.1.0",
            description="Models behind an internal job service",
            parameters=_PARAMETERS,
            hosts=[client.HOST],
            credentials=[session],
            settings=[Setting("max-retries", "How often to send a failed submission again", "0")],
        )

    def complete(self, context: Context, request: ChatRequest) -> ChatAnswer:
        text: list[str] = []
        for frame in client.generate(context, conversions.chat_form(request)):
            if isinstance(frame, End):
                answer = ChatAnswer.of_text("".join(text), conversions.usage(frame))
                answer.choices[0].finish_reason = conversions.finish_reason(frame)
                return answer
            text.append(frame.text)
        raise broken_off()

    def stream(self, context: Context, request: ChatRequest) -> Iterator[Event]:
        # Nothing is yielded before the first words, so a job that fails before them keeps its HTTP status.
        for frame in client.generate(context, conversions.chat_form(request)):
            match frame:
                case Words(text):
                    yield TextDelta(text)
                case End():
                    yield Finish(conversions.finish_reason(frame))
                    yield conversions.usage(frame)
                    return
        raise broken_off()

    def embed(self, context: Context, request: EmbedRequest) -> EmbedResponse:
        lines = client.vectors(context, conversions.embed_form(request))
        return conversions.embed_answer(lines, len(request.input))
