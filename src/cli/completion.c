/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts: the words that may follow each command, listed from the tables into a shell function. */
#include <string.h>

#include "base/mem.h"
#include "cli/cli-internal.h"

static void options_list(struct buffer *out, const struct cli_command *command)
{
    CLI_OPTIONS_EACH(option, command)
    {
        if (option->flags & OPTION_HIDDEN)
            continue;
        buffer_addf(out, " %s", option->name);
        if (option->letter)
            buffer_addf(out, " %s", option->letter);
    }
}

static void case_begin(struct buffer *out, const char *const *path)
{
    buffer_add_text(out, "    '");
    for (int i = 0; i < 3 && path[i]; i++)
        buffer_addf(out, "%s%s", i ? " " : "", path[i]);
    buffer_add_text(out, "') words='");
}

static void command_case(struct buffer *out, const char *const *path, const struct cli_command *command)
{
    case_begin(out, path);
    options_list(out, command);
    buffer_add_text(out, "' ;;\n");
}

static void group_case(struct buffer *out, const char *const *path, const struct cli_group *group)
{
    case_begin(out, path);
    for (const struct cli_command *const *c = group->commands; c && *c; c++)
        buffer_addf(out, " %s", (*c)->name);
    for (const struct cli_group *g = group->groups; g && g->name; g++)
        buffer_addf(out, " %s", g->name);
    buffer_add_text(out, " --help' ;;\n");
    for (const struct cli_command *const *c = group->commands; c && *c; c++) {
        const char *const inner[] = { path[0], path[1] ? path[1] : (*c)->name, path[1] ? (*c)->name : NULL,
                                      NULL };

        command_case(out, inner, *c);
    }
    for (const struct cli_group *g = group->groups; g && g->name; g++) {
        const char *const inner[] = { path[0], g->name, NULL, NULL };

        group_case(out, inner, g);
    }
}

/* case "<words before>" in '<command>') words='...' ;; esac */
static void cases_write(struct buffer *out)
{
    const struct cli_command root = { .options =
                                          (const struct cli_option *const[]){ cli_root_options, NULL } };

    buffer_add_text(out, "    case \"$path\" in\n    '') words='");
    for (const struct cli_group *group = cli_groups; group->name; group++)
        buffer_addf(out, "%s%s", group == cli_groups ? "" : " ", group->name);
    options_list(out, &root);
    buffer_add_text(out, "' ;;\n");
    for (const struct cli_group *group = cli_groups; group->name; group++) {
        const char *const path[] = { group->name, NULL, NULL, NULL };

        if (group->single)
            command_case(out, path, group->single);
        else
            group_case(out, path, group);
    }
    buffer_add_text(out, "    esac\n");
}

/* The words before the cursor that are no options make the path; it is cut as long as it is no known one. */
static void function_write(const struct cli *cli, struct buffer *out)
{
    buffer_addf(out, "_%s_words() {\n    local path=\"$1\"\n    words=''\n", cli->program);
    cases_write(out);
    buffer_add_text(out, "}\n");
}

static void bash_write(const struct cli *cli, struct buffer *out)
{
    const char *p = cli->program;

    function_write(cli, out);
    buffer_addf(out,
                "_%s() {\n"
                "    local words='' path='' word i\n"
                "    for ((i = 1; i < COMP_CWORD && i < 4; i++)); do\n"
                "        word=\"${COMP_WORDS[i]}\"\n"
                "        case \"$word\" in -*) break ;; esac\n"
                "        path=\"${path:+$path }$word\"\n"
                "    done\n"
                "    _%s_words \"$path\"\n"
                "    while [ -z \"$words\" ] && [ \"${path%% *}\" != \"$path\" ]; do\n"
                "        path=\"${path%% *}\"\n"
                "        _%s_words \"$path\"\n"
                "    done\n"
                "    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
                "}\n"
                "complete -o default -F _%s %s\n",
                p, p, p, p, p);
}

static void zsh_write(const struct cli *cli, struct buffer *out)
{
    const char *p = cli->program;

    buffer_addf(out, "#compdef %s\n", p);
    function_write(cli, out);
    buffer_addf(out,
                "_%s() {\n"
                "    local words_before=(\"${(@)words[2,CURRENT-1]}\") path_words='' word\n"
                "    for word in \"${(@)words_before}\"; do\n"
                "        [[ $word == -* ]] && break\n"
                "        path_words=\"${path_words:+$path_words }$word\"\n"
                "    done\n"
                "    local all=\"$words\"\n"
                "    () {\n"
                "        local words=''\n"
                "        _%s_words \"$path_words\"\n"
                "        while [[ -z $words && $path_words == *' '* ]]; do\n"
                "            path_words=\"${path_words%% *}\"\n"
                "            _%s_words \"$path_words\"\n"
                "        done\n"
                "        reply=(${=words})\n"
                "    }\n"
                "    compadd -a reply\n"
                "    (( $#reply )) || _files\n"
                "}\n"
                "compdef _%s %s\n",
                p, p, p, p, p);
}

static const struct {
    const char *name;
    void (*write)(const struct cli *cli, struct buffer *out);
} shells[] = { { "bash", bash_write }, { "zsh", zsh_write } };

int completion_script(const struct cli *cli, const char *shell, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < ELEMENTS(shells); i++) {
        if (strcmp(shell, shells[i].name) == 0) {
            shells[i].write(cli, out);
            return 0;
        }
    }
    return error_set(err, -EINVAL,
                     "argument --print-completion: invalid choice: '%s' (choose from 'bash', 'zsh')", shell);
}
