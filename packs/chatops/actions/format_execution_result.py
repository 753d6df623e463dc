# SPDX-License-Identifier: Apache-2.0
"""An execution in words for chat: by the `result.format` of its alias, else by the text below."""
import client

from st2common.runners.base_action import Action

LEFT_OUT = ("trigger", "trigger_type", "trigger_instance", "liveaction")
# What is shown of a result, by the beginning of the runner's name; others show everything.
SHOWN = (
    ("python", ("result", "stdout", "stderr", "exit_code")),
    ("winrm", ("result", "stdout", "stderr", "exit_code")),
    ("local", ("stdout", "stderr", "return_code", "error")),
    ("remote", ("stdout", "stderr", "return_code", "error")),
)


class FormatResultAction(Action):
    def run(self, execution_id):
        execution = client.call("GET", "/executions/" + execution_id)
        execution = {key: item for key, item in execution.items() if key not in LEFT_OUT}
        alias = self.find_alias(execution)
        result = (alias or {}).get("result") or {}
        answer = {"enabled": result.get("enabled", True)}
        if result.get("format"):
            answer["message"] = render(result["format"], execution, alias)
        else:
            answer["message"] = describe(execution)
        if result.get("extra"):
            answer["extra"] = render_all(result["extra"], execution, alias)
        return answer

    @staticmethod
    def find_alias(execution):
        ref = execution.get("context", {}).get("action_alias_ref")
        ref = ref.get("ref") if isinstance(ref, dict) else ref
        return client.call("GET", "/actionalias/" + ref) if ref else None


def render(template, execution, alias):
    try:
        import jinja2.sandbox
    except ImportError as error:
        raise RuntimeError("result.format of an alias needs the Python module jinja2") from error
    environment = jinja2.sandbox.SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(execution=execution, alias=alias)


def render_all(item, execution, alias):
    if isinstance(item, dict):
        return {key: render_all(inner, execution, alias) for key, inner in item.items()}
    if isinstance(item, list):
        return [render_all(inner, execution, alias) for inner in item]
    return render(item, execution, alias) if isinstance(item, str) else item


def describe(execution):
    lines = [
        f"Action {execution['action']['ref']} completed.",
        f"status : {execution['status']}",
        f"execution: {execution['id']}",
    ]
    if execution.get("web_url"):
        lines.append(f"web_url: {execution['web_url']}")
    if execution.get("elapsed_seconds") is not None:
        lines.append(f"Took {human_time(execution['elapsed_seconds'])} to complete.")
    lines += ["result :", "--------"]
    lines += shown(execution.get("runner", {}).get("name", ""), execution.get("result"))
    return "\n".join(lines) + "\n"


def human_time(seconds):
    if seconds < 1:
        return f"{seconds:.2f}s".replace("0.00s", "0s")
    parts, rest = [], int(seconds)
    for name, size in (("y", 31536000), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if rest >= size:
            parts.append(f"{rest // size}{name}")
            rest %= size
    return "".join(parts)


def shown(runner, result):
    keys = next((keys for prefix, keys in SHOWN if runner.startswith(prefix)), None)
    if not isinstance(result, dict):
        return nested(result, 0)
    if runner.startswith("remote"):
        lines = []
        for host, of_host in result.items():
            lines += [f"{host} :"] + (pairs(of_host, keys, 2) if isinstance(of_host, dict) else nested(of_host, 2))
        return lines
    return pairs(result, keys, 0)


def pairs(mapping, keys, indent):
    lines = []
    for key, item in mapping.items():
        if keys is not None and (key not in keys or item in (None, "")):
            continue
        if isinstance(item, (dict, list)) and item:
            lines += [f"{' ' * indent}{key} :"] + nested(item, indent + 2)
        else:
            lines.append(f"{' ' * indent}{key} : {item}")
    return lines


def nested(item, indent):
    if isinstance(item, dict):
        return pairs(item, None, indent)
    if isinstance(item, list):
        return [line for inner in item for line in nested(inner, indent)]
    return [f"{' ' * indent}{item}"]
