"""What an adapter says of itself → the contract's record. Every value is checked on the way."""

from wit_world.imports import api as wit

from caisson import api
from caisson.guest.checks import count, each, flag, optional, pairs, text, unfit


def adapter_info(value: api.AdapterInfo) -> wit.AdapterInfo:
    if not isinstance(value, api.AdapterInfo):
        raise unfit(value, "what describe() returns", "an AdapterInfo")
    return wit.AdapterInfo(
        name=text(value.name, "name"),
        version=text(value.version, "version"),
        description=text(value.description, "description"),
        homepage=optional(text, value.homepage, "homepage"),
        models=each(_model, value.models, "models"),
        parameters=each(text, value.parameters, "parameters"),
        hosts=each(text, value.hosts, "hosts"),
        credentials=each(_credential, value.credentials, "credentials"),
        settings=each(_setting, value.settings, "settings"),
        suites=each(text, value.suites, "suites"),
    )


def _model(value: api.ModelInfo, where: str) -> wit.ModelInfo:
    if not isinstance(value, api.ModelInfo):
        raise unfit(value, where, "a ModelInfo")
    return wit.ModelInfo(
        id=text(value.id, f"{where}.id"),
        capabilities=each(text, value.capabilities, f"{where}.capabilities"),
        context_tokens=optional(count, value.context_tokens, f"{where}.context_tokens"),
        output_tokens=optional(count, value.output_tokens, f"{where}.output_tokens"),
        extra=pairs(value.extra, f"{where}.extra"),
    )


def _credential(value: api.CredentialSlot, where: str) -> wit.CredentialSlot:
    if not isinstance(value, api.CredentialSlot):
        raise unfit(value, where, "a CredentialSlot")
    return wit.CredentialSlot(
        name=text(value.name, f"{where}.name"),
        host=text(value.host, f"{where}.host"),
        placement=_placement(value.placement, f"{where}.placement"),
        description=text(value.description, f"{where}.description"),
        required=flag(value.required, f"{where}.required"),
    )


def _placement(value: api.Placement, where: str) -> wit.Placement:
    match value:
        case api.Bearer():
            return wit.Placement_Bearer()
        case api.Header():
            return wit.Placement_Header(text(value.name, f"{where}.name"))
        case api.Query():
            return wit.Placement_Query(text(value.name, f"{where}.name"))
        case api.SigningScheme():
            parameters = pairs(value.parameters, f"{where}.parameters")
            return wit.Placement_Scheme(wit.SigningScheme(text(value.name, f"{where}.name"), parameters))
    raise unfit(value, where, "a placement, such as Bearer()")


def _setting(value: api.Setting, where: str) -> wit.Setting:
    if not isinstance(value, api.Setting):
        raise unfit(value, where, "a Setting")
    return wit.Setting(
        name=text(value.name, f"{where}.name"),
        description=text(value.description, f"{where}.description"),
        default_value=optional(text, value.default_value, f"{where}.default_value"),
        required=flag(value.required, f"{where}.required"),
    )
