"""Python's jinja2, set up as Hugging Face's transformers renders chat templates, with the clock stopped."""

import datetime
import json

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

NOW = datetime.datetime(2026, 3, 7, 9, 5, 3)
"""What strftime_now sees, here and in the tests that read the cases."""


class GenerationBlocks(jinja2.ext.Extension):
    """{% generation %}...{% endgeneration %}: a block whose body is rendered in a scope of its own."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("body"), [], [], body).set_lineno(line)

    def body(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def make(mutable=False):
    """The environment; mutable for templates that change lists and dictionaries, which transformers forbids and other engines allow."""
    kind = jinja2.sandbox.SandboxedEnvironment if mutable else jinja2.sandbox.ImmutableSandboxedEnvironment
    environment = kind(trim_blocks=True, lstrip_blocks=True, extensions=[GenerationBlocks, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = NOW.strftime
    return environment


def case(identifier, template, variables, mutable=False):
    """One line of a cases file: what the template renders to, or that it fails; with the words, if they are its own."""
    result = {"id": identifier, "template": template, "variables": variables}
    try:
        return result | {"expected": make(mutable).from_string(template).render(json.loads(json.dumps(variables)))}
    except jinja2.exceptions.TemplateError as error:
        raised = type(error) is jinja2.exceptions.TemplateError
        return result | ({"raises": str(error)} if raised else {"fails": True})
    except Exception:  # Whatever Python makes of a wrong operand: a TypeError, a ZeroDivisionError.
        return result | {"fails": True}


def write(path, cases):
    with open(path, "w", encoding="utf-8") as file:
        for item in cases:
            file.write(json.dumps(item, ensure_ascii=False) + "\n")
