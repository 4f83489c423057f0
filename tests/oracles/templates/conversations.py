"""Conversations that chat templates are tried with. Some are wrong for some templates: that they refuse them is a result as well."""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather for a <place> & \"time\"",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "城市"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 14, "default": 1},
            },
            "required": ["city"],
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}}


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def system(text):
    return {"role": "system", "content": text}


def call(name, arguments, identifier="abcdef123"):
    return {"type": "function", "id": identifier, "function": {"name": name, "arguments": arguments}}


def result(text, identifier="abcdef123", name="get_weather"):
    return {"role": "tool", "content": text, "name": name, "tool_call_id": identifier}


PARIS = {"city": "Paris", "unit": "celsius", "days": 2}

CONVERSATIONS = {
    "question": {"messages": [user("What is the capital of France?")]},
    "no prompt": {"messages": [user("Hi"), assistant("Hello.")], "add_generation_prompt": False},
    "system": {"messages": [system("You are terse."), user("Hi")]},
    "turns": {"messages": [system("S"), user("a"), assistant("b"), user("c"), assistant("d"), user("e")]},
    "unicode": {"messages": [user("Größe? 😀\n\n日本語 <tag> & \"quotes\" 'single' \\ back"), assistant("naïve\ttab"), user("😀")]},
    "white space": {"messages": [system("  S \n"), user("  a\n\n"), assistant("\n b \n"), user("\tc ")]},
    "empty": {"messages": [user(""), assistant(""), user("x")]},
    "two users": {"messages": [user("a"), user("b")]},
    "two systems": {"messages": [system("a"), system("b"), user("c")]},
    "late system": {"messages": [user("a"), system("b"), user("c")]},
    "assistant first": {"messages": [assistant("a"), user("b")]},
    "prefill": {"messages": [user("Count."), assistant("1, 2,")], "add_generation_prompt": False},
    "unknown role": {"messages": [{"role": "critic", "content": "x"}, user("y")]},
    "no messages": {"messages": []},
    "thought in text": {"messages": [user("a"), assistant("<think>\nhmm\n</think>\n\nb"), user("c")]},
    "thought apart": {"messages": [user("a"), assistant("b", reasoning_content="hmm\nhm"), user("c"), assistant("d", reasoning_content="so")], "add_generation_prompt": False},
    "thinking": {"messages": [user("a")], "enable_thinking": True, "thinking": True},
    "no thinking": {"messages": [user("a")], "enable_thinking": False, "thinking": False},
    "tools": {"messages": [user("Weather in Paris?")], "tools": [WEATHER, CLOCK]},
    "tools and system": {"messages": [system("Be kind."), user("Weather in Paris?")], "tools": [WEATHER]},
    "call": {"messages": [user("Weather?"), assistant("", tool_calls=[call("get_weather", PARIS)]), result("{\"temperature\": 21.5}"), assistant("21.5"), user("Thanks")], "tools": [WEATHER]},
    "call with text": {"messages": [user("Weather?"), assistant("I look.", tool_calls=[call("get_weather", PARIS)]), result("sunny")], "tools": [WEATHER]},
    "call without content": {"messages": [user("Weather?"), assistant(None, tool_calls=[call("get_weather", PARIS)]), result("sunny")], "tools": [WEATHER]},
    "call with text arguments": {"messages": [user("Weather?"), assistant(None, tool_calls=[call("get_weather", "{\"city\": \"Paris\"}")]), result("sunny")], "tools": [WEATHER]},
    "two calls": {
        "messages": [
            user("Weather and time?"),
            assistant("", tool_calls=[call("get_weather", PARIS, "aaaaaaaaa"), call("now", {}, "bbbbbbbbb")]),
            result("rain", "aaaaaaaaa"),
            result("noon", "bbbbbbbbb", "now"),
            assistant("Rain, noon."),
            user("And tomorrow?"),
        ],
        "tools": [WEATHER, CLOCK],
    },
    "parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": " b "}]}]},
}


def variables(conversation, bos_token, eos_token):
    """What transformers passes to a template: tools and documents are there, and none, when the caller gives none."""
    return {"tools": None, "documents": None, "add_generation_prompt": True, "bos_token": bos_token, "eos_token": eos_token} | conversation
