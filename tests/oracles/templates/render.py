"""Renders published chat templates: python3 render.py FOLDER PACKAGES, where PACKAGES holds npm packages with models/tokenizer_config.json."""

import json
import pathlib
import sys

import conversations
import environment


def text(token):
    """A special token is text, or an object with the text, or missing."""
    return token.get("content", "") if isinstance(token, dict) else token or ""


def main(folder, packages):
    count = 0
    for config_file in sorted(pathlib.Path(packages).glob("*/models/tokenizer_config.json")):
        config = json.loads(config_file.read_text(encoding="utf-8"))
        template = config.get("chat_template")
        if not isinstance(template, str):
            continue
        name = config_file.parents[1].name
        tokens = text(config.get("bos_token")), text(config.get("eos_token"))
        cases = [
            environment.case(title, template, conversations.variables(conversation, *tokens))
            for title, conversation in conversations.CONVERSATIONS.items()
        ]
        rendered = sum("expected" in case for case in cases)
        if rendered < 10:
            sys.exit(f"{name}: only {rendered} conversations rendered")
        environment.write(pathlib.Path(folder) / f"{name}.jsonl", cases)
        print(f"{name}: {rendered} texts, {len(cases) - rendered} refusals")
        count += len(cases)
    print(f"{count} cases")


if __name__ == "__main__":
    main(*sys.argv[1:])
