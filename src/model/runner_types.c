/* SPDX-License-Identifier: Apache-2.0 */
/* The runner types that are built in. To add one: a row here and its runner in src/runners. */
#include "base/mem.h"
#include "model/model-internal.h"

/* ---- parameters several runners have; each macro is "name": {definition} ---- */

#define CMD "\"cmd\": {\"description\": \"Command line to run.\", \"type\": \"string\"}"
#define CWD "\"cwd\": {\"description\": \"Directory the command runs in.\", \"type\": \"string\"}"
#define ENV \
    "\"env\": {\"description\": \"Variables added to the environment of the command.\", \"type\": \"object\"}"
#define DEBUG                                                                                                         \
    "\"debug\": {\"description\": \"Print details that help to find faults.\", \"type\": \"boolean\", \"required\": " \
    "false, \"default\": false}"
#define CONTENT_VERSION                                                                                       \
    "\"content_version\": {\"description\": \"Git revision of the pack to take the files from.\", \"type\": " \
    "\"string\", \"required\": false}"
#define KWARG_OP(text)                                                   \
    "\"kwarg_op\": {\"default\": \"" text                                \
    "\", \"description\": \"What stands in front of the names of named " \
    "arguments.\", \"type\": \"string\"}"
#define SUDO \
    "\"sudo\": {\"default\": false, \"description\": \"Run as root through sudo.\", \"type\": \"boolean\"}"
#define SUDO_PASSWORD                                                                                                  \
    "\"sudo_password\": {\"default\": null, \"description\": \"Password that sudo asks for.\", \"type\": \"string\", " \
    "\"required\": false, \"secret\": true}"
#define TIMEOUT(seconds, what)                                                       \
    "\"timeout\": {\"default\": " seconds ", \"description\": \"Seconds until " what \
    " is ended.\", \"type\": "                                                       \
    "\"integer\"}"

#define LOCAL CWD ", " ENV ", " KWARG_OP("--") ", " SUDO ", " SUDO_PASSWORD ", " TIMEOUT("60", "the command")

#define REMOTE                                                                                                                    \
    "\"hosts\": {\"description\": \"Hosts to run on, separated by commas.\", \"type\": \"string\", \"required\": "                \
    "true}, "                                                                                                                     \
    "\"cwd\": {\"default\": \"/tmp\", \"description\": \"Directory the command runs in.\", \"type\": \"string\"}, " ENV           \
    ", " KWARG_OP(                                                                                                                \
        "--") ", "                                                                                                                \
              "\"username\": {\"description\": \"User to log in as.\", \"type\": \"string\", \"required\": false}, "              \
              "\"password\": {\"description\": \"Password to log in with.\", \"type\": \"string\", \"required\": false, "         \
              "\"secret\": true}, "                                                                                               \
              "\"private_key\": {\"description\": \"Private key to log in with, or the path of its file.\", \"type\": "           \
              "\"string\", \"required\": false, \"secret\": true}, "                                                              \
              "\"passphrase\": {\"description\": \"Passphrase of the private key.\", \"type\": \"string\", \"required\": false, " \
              "\"secret\": true}, "                                                                                               \
              "\"port\": {\"description\": \"SSH port.\", \"type\": \"integer\", \"required\": false}, "                          \
              "\"bastion_host\": {\"description\": \"Host to go through.\", \"type\": \"string\", \"required\": false}, "         \
              "\"parallel\": {\"default\": false, \"description\": \"Run on all hosts at the same time.\", \"type\": "            \
              "\"boolean\", \"immutable\": true}, " SUDO ", " SUDO_PASSWORD                                                       \
              ", " TIMEOUT("60", "the command")

#define WINRM                                                                                                            \
    "\"host\": {\"description\": \"Host to run on.\", \"type\": \"string\", \"required\": true}, "                       \
    "\"username\": {\"description\": \"User to log in as.\", \"type\": \"string\", \"required\": true}, "                \
    "\"password\": {\"description\": \"Password to log in with.\", \"type\": \"string\", \"required\": true, "           \
    "\"secret\": true}, "                                                                                                \
    "\"port\": {\"default\": 5986, \"description\": \"WinRM port; 5985 means plain HTTP.\", \"type\": \"integer\"}, "    \
    "\"scheme\": {\"default\": \"https\", \"description\": \"http or https.\", \"type\": \"string\"}, "                  \
    "\"transport\": {\"default\": \"ntlm\", \"description\": \"How to authenticate.\", \"type\": \"string\", \"enum\": " \
    "[\"basic\", \"certificate\", \"credssp\", \"kerberos\", \"ntlm\", \"plaintext\", \"ssl\"]}, "                       \
    "\"verify_ssl_cert\": {\"default\": true, \"description\": \"Check the certificate of the host.\", \"type\": "       \
    "\"boolean\"}, " CWD ", " ENV ", " KWARG_OP("-") ", " TIMEOUT("60", "the command")

#define ORQUESTA_PARAMETERS                                                                                           \
    "{\"notify\": {\"type\": \"array\", \"description\": \"Tasks to notify of.\", \"uniqueItems\": true, \"items\": " \
    "{\"type\": \"string\", \"minLength\": 1, \"pattern\": \"^\\\\w+$\"}, \"default\": []}}"
#define ORQUESTA_OUTPUT                                                                                                \
    "{\"type\": \"object\", \"properties\": {\"errors\": {\"anyOf\": [{\"type\": \"object\"}, {\"type\": "             \
    "\"array\"}]}, \"output\": {\"anyOf\": [{\"type\": \"object\"}, {\"type\": \"string\"}, {\"type\": \"integer\"}, " \
    "{\"type\": \"number\"}, {\"type\": \"boolean\"}, {\"type\": \"array\"}, {\"type\": \"null\"}]}}, "                \
    "\"additionalProperties\": false}"

#define ANY_RESULT                                                                                                   \
    "{\"anyOf\": [{\"type\": \"object\"}, {\"type\": \"string\"}, {\"type\": \"integer\"}, {\"type\": \"number\"}, " \
    "{\"type\": \"boolean\"}, {\"type\": \"array\"}, {\"type\": \"null\"}]}"

static const struct {
    const char *name, *package, *module, *description, *parameters, *output_key, *output_schema;
} types[] = {
    { "action-chain", "action_chain_runner", "action_chain_runner", "Runs a linear chain of actions.",
      "{\"display_published\": {\"default\": true, \"description\": \"Show the published variables in the result.\", "
      "\"type\": \"boolean\"}, "
      "\"skip_notify\": {\"default\": [], \"description\": \"Tasks to send no notifications for.\", \"type\": \"array\"}}",
      "published", NULL },
    { "announcement", "announcement_runner", "announcement_runner",
      "Sends an announcement to who listens to the stream.",
      "{\"experimental\": {\"default\": false, \"description\": \"Must be true: the runner may change.\", \"type\": "
      "\"boolean\", \"required\": true}, "
      "\"route\": {\"default\": \"general\", \"description\": \"Route of the announcement.\", \"type\": \"string\", "
      "\"minLength\": 1, \"maxLength\": 255}}",
      NULL, NULL },
    { "http-request", "http_runner", "http_runner", "Sends an HTTP request.",
      "{\"url\": {\"description\": \"Address to send the request to.\", \"type\": \"string\", \"required\": true}, "
      "\"allow_redirects\": {\"default\": false, \"description\": \"Follow redirections.\", \"type\": \"boolean\"}, "
      "\"cookies\": {\"description\": \"Cookies to send.\", \"type\": \"object\"}, "
      "\"headers\": {\"description\": \"Headers to send.\", \"type\": \"object\"}, "
      "\"http_proxy\": {\"description\": \"Proxy for http.\", \"type\": \"string\"}, "
      "\"https_proxy\": {\"description\": \"Proxy for https.\", \"type\": \"string\"}, "
      "\"username\": {\"description\": \"User of basic authentication.\", \"type\": \"string\"}, "
      "\"password\": {\"description\": \"Password of basic authentication.\", \"type\": \"string\", \"secret\": true}, "
      "\"verify_ssl_cert\": {\"default\": true, \"description\": \"Check the certificate of the host.\", \"type\": "
      "\"boolean\"}, "
      "\"url_hosts_blacklist\": {\"description\": \"Hosts that are refused.\", \"type\": \"array\", \"items\": {\"type\": "
      "\"string\"}, \"required\": false}, "
      "\"url_hosts_whitelist\": {\"description\": \"The only hosts that are allowed.\", \"type\": \"array\", \"items\": "
      "{\"type\": \"string\"}, \"required\": false}}",
      "body", NULL },
    { "inquirer", "inquirer_runner", "inquirer_runner", "Asks people and waits for their answer.",
      "{\"schema\": {\"default\": {\"title\": \"response_data\", \"type\": \"object\", \"properties\": {\"continue\": "
      "{\"type\": \"boolean\", \"description\": \"Would you like to continue the workflow?\", \"required\": true}}}, "
      "\"required\": true, \"description\": \"Schema the answer must follow.\", \"type\": \"object\"}, "
      "\"route\": {\"default\": \"\", \"required\": false, \"description\": \"Route of the trigger that tells of the "
      "question.\", \"type\": \"string\"}, "
      "\"roles\": {\"default\": [], \"required\": false, \"description\": \"Roles that may answer.\", \"type\": \"array\"}, "
      "\"users\": {\"default\": [], \"required\": false, \"description\": \"Users who may answer.\", \"type\": \"array\"}, "
      "\"ttl\": {\"default\": 1440, \"required\": true, \"description\": \"Minutes until the question is given up.\", "
      "\"type\": \"integer\"}}",
      NULL, NULL },
    { "local-shell-cmd", "local_runner", "local_shell_command_runner",
      "Runs a command on the machine of the server.", "{" CMD ", " LOCAL "}", NULL, NULL },
    { "local-shell-script", "local_runner", "local_shell_script_runner",
      "Runs a script on the machine of the server.", "{" DEBUG ", " CONTENT_VERSION ", " LOCAL "}", NULL,
      NULL },
    { "noop", "noop_runner", "noop_runner", "Does nothing.", "{}", NULL, NULL },
    { "orquesta", "orquesta_runner", "orquesta_runner", "Runs a workflow.", ORQUESTA_PARAMETERS, "output",
      ORQUESTA_OUTPUT },
    { "orchestra", "orquesta_runner", "orquesta_runner", "Runs a workflow.", ORQUESTA_PARAMETERS, "output",
      ORQUESTA_OUTPUT },
    { "python-script", "python_runner", "python_runner", "Runs an action written in Python.",
      "{" DEBUG ", " CONTENT_VERSION ", "
      "\"env\": {\"description\": \"Variables added to the environment of the process.\", \"type\": \"object\"}, " TIMEOUT(
          "600",
          "the process") ", "
                         "\"log_level\": {\"default\": \"DEBUG\", \"description\": \"Level of the action's log.\", \"type\": \"string\", "
                         "\"enum\": [\"AUDIT\", \"CRITICAL\", \"ERROR\", \"WARNING\", \"INFO\", \"DEBUG\"]}}",
      "result",
      "{\"type\": \"object\", \"properties\": {\"result\": " ANY_RESULT
      ", \"stdout\": {\"type\": \"string\"}, "
      "\"stderr\": {\"type\": \"string\"}, \"exit_code\": {\"type\": \"integer\"}, \"error\": {\"type\": \"string\"}}, "
      "\"additionalProperties\": true}" },
    { "remote-shell-cmd", "remote_runner", "remote_command_runner",
      "Runs a command on other machines over SSH.",
      "{" CMD ", "
      "\"dir\": {\"default\": \"/tmp\", \"description\": \"Directory on the machine that files go to.\", \"type\": "
      "\"string\", \"immutable\": true}, " REMOTE "}",
      NULL, NULL },
    { "remote-shell-script", "remote_runner", "remote_script_runner",
      "Copies a script to other machines and runs it there.",
      "{\"dir\": {\"default\": \"/tmp\", \"description\": \"Directory on the machine that files go to.\", \"type\": "
      "\"string\"}, " REMOTE "}",
      NULL, NULL },
    { "winrm-cmd", "winrm_runner", "winrm_command_runner", "Runs a command on a Windows machine.",
      "{" CMD ", " WINRM "}", NULL, NULL },
    { "winrm-ps-cmd", "winrm_runner", "winrm_ps_command_runner",
      "Runs a PowerShell command on a Windows machine.", "{" CMD ", " WINRM "}", NULL, NULL },
    { "winrm-ps-script", "winrm_runner", "winrm_ps_script_runner",
      "Runs a PowerShell script on a Windows machine.", "{" WINRM "}", NULL, NULL },
};

static value document(size_t i)
{
    value map = value_map_new(12);

    value_map_put(&map, "name", value_text(types[i].name));
    value_map_put(&map, "description", value_text(types[i].description));
    value_map_put(&map, "uid", value_textf("runner_type:%s", types[i].name));
    value_map_put(&map, "enabled", value_bool(true));
    value_map_put(&map, "runner_package", value_text(types[i].package));
    value_map_put(&map, "runner_module", value_text(types[i].module));
    value_map_put(&map, "runner_parameters", model_json(types[i].parameters));
    if (types[i].output_key)
        value_map_put(&map, "output_key", value_text(types[i].output_key));
    value_map_put(&map, "output_schema", model_json(types[i].output_schema ? types[i].output_schema : "{}"));
    return map;
}

value model_runner_types(void)
{
    value list = value_list_new(ELEMENTS(types));

    for (size_t i = 0; i < ELEMENTS(types); i++)
        value_list_append(&list, document(i));
    return list;
}

static bool same_name(const char *given, const char *name)
{
    for (; *given && (*given == *name || (*given == '_' && *name == '-')); given++, name++)
        ;
    return !*given && !*name;
}

value model_builtin_runner_type(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(types); i++)
        if (same_name(name, types[i].name))
            return document(i);
    return VALUE_NOTHING;
}

/* ---- rule types ---- */

value model_rule_types(void)
{
    static const char *const names[][2] = {
        { "standard", "Runs its action for each trigger instance that fits its criteria." },
        { "backstop", "Runs its action when no other rule of the trigger fits." },
    };
    value list = value_list_new(ELEMENTS(names));

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        value map = value_map_new(4);

        value_map_put(&map, "name", value_text(names[i][0]));
        value_map_put(&map, "description", value_text(names[i][1]));
        value_map_put(&map, "enabled", value_bool(true));
        value_map_put(&map, "parameters", value_map_new(0));
        value_list_append(&list, map);
    }
    return list;
}
