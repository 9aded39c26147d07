"""Calls a gateway with PyPI's openai and anthropic, until its input ends.

Argument: the gateway's origin. Each line of input is a call, {"sdk": …, "do": …, "token": …, "model": …}; each line of
output says what came of it: {"result": …}, or {"error": <class of the SDK>, "status": …, "body": …}.
"""

import json
import sys

import anthropic
import openai

MESSAGES = [{"role": "user", "content": "hello"}]


def openai_client(origin, token):
    return openai.OpenAI(base_url=f"{origin}/v1", api_key=token, max_retries=0)


def chat(client, model):
    return client.chat.completions.create(model=model, messages=MESSAGES).choices[0].message.content


def chat_stream(client, model):
    chunks = list(client.chat.completions.create(model=model, messages=MESSAGES, stream=True))
    return {
        "text": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
        "usage": [chunk.usage.total_tokens for chunk in chunks if chunk.usage],
    }


def chat_stream_usage(client, model):
    options = {"include_usage": True}
    stream = client.chat.completions.create(model=model, messages=MESSAGES, stream=True, stream_options=options)
    return [chunk.usage.total_tokens for chunk in stream if chunk.usage]


def response(client, model):
    return client.responses.create(model=model, input="hello").output_text


def response_stream(client, model):
    with client.responses.stream(model=model, input="hello") as stream:
        return "".join(event.delta for event in stream if event.type == "response.output_text.delta")


def embeddings(client, model):
    # The SDK asks for base64 by itself, and decodes it.
    data = client.embeddings.create(model=model, input=["a", "b"]).data
    return [each.embedding for each in data]


def transcription(client, model):
    return client.audio.transcriptions.create(model=model, file=("a.wav", b"pretend")).text


def image_edit(client, model):
    return len(client.images.edit(model=model, image=("a.png", b"pretend"), prompt="a key").data)


def azure_chat(client, model):
    azure = openai.AzureOpenAI(
        base_url=str(client.base_url), api_version="2024-10-21", azure_ad_token=client.api_key, max_retries=0
    )
    return chat(azure, model)


def unknown_endpoint(client, model):
    return client.post("/no/such/endpoint", body={"model": model}, cast_to=object)


def openai_models(client, _model):
    return [model.id for model in client.models.list()]


def message(client, model):
    return client.messages.create(model=model, max_tokens=64, messages=MESSAGES).content[0].text


def message_stream(client, model):
    with client.messages.stream(model=model, max_tokens=64, messages=MESSAGES) as stream:
        return "".join(stream.text_stream)


def count_tokens(client, model):
    return client.messages.count_tokens(model=model, messages=MESSAGES).input_tokens


def anthropic_models(client, _model):
    return [model.id for model in client.models.list()]


CLIENTS = {
    "openai": openai_client,
    "anthropic x-api-key": lambda origin, token: anthropic.Anthropic(base_url=origin, api_key=token, max_retries=0),
    "anthropic bearer": lambda origin, token: anthropic.Anthropic(base_url=origin, auth_token=token, max_retries=0),
}


def outcome(origin, call):
    try:
        client = CLIENTS[call["sdk"]](origin, call["token"])
        return {"result": globals()[call["do"]](client, call["model"])}
    except (openai.APIStatusError, anthropic.APIStatusError) as error:
        return {"error": f"{type(error).__module__.split('.')[0]}.{type(error).__name__}", "status": error.status_code, "body": error.body}


for line in sys.stdin:
    print(json.dumps(outcome(sys.argv[1], json.loads(line))), flush=True)
