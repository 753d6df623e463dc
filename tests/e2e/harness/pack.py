# SPDX-License-Identifier: Apache-2.0
"""Packs made by a test: the workflows stand beside what is tested with them."""

import json
import textwrap


class Pack:
    """A folder that is a pack; `register` tells the server of it."""

    def __init__(self, packs, name):
        self.name, self.folder = name, packs / name
        (self.folder / "actions" / "workflows").mkdir(parents=True)
        self.write("pack.yaml", {
            "ref": name, "name": name, "description": "Made by a test.", "version": "1.0.0",
            "author": "Fulmar developers", "email": "tests@example.com",
        })

    def write(self, path, content):
        """Text as it is, anything else as JSON, which YAML readers take."""
        file = self.folder / path
        file.write_text(content if isinstance(content, str) else json.dumps(content))

    def action(self, name, runner="local-shell-cmd", entry_point="", /, **parameters):
        self.write(f"actions/{name}.yaml", {
            "name": name, "runner_type": runner, "entry_point": entry_point, "parameters": parameters,
        })

    def describe_output(self, name, schema):
        """Adds an output schema to an action that is there."""
        file = self.folder / "actions" / f"{name}.yaml"
        file.write_text(json.dumps({**json.loads(file.read_text()), "output_schema": schema}))

    def workflow(self, name, definition, /, **parameters):
        """Parameters that are not described take what they are given."""
        self.write(f"actions/workflows/{name}.yaml", "version: 1.0\n" + textwrap.dedent(definition))
        self.action(name, "orquesta", f"workflows/{name}.yaml", **parameters)

    def register(self, client):
        answer = client.post("/v1/packs/register", {"packs": [self.name], "types": ["all"], "fail_on_failure": True})
        assert answer.status == 200, answer
