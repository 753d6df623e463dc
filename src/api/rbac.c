/* SPDX-License-Identifier: Apache-2.0 */
/* /rbac and /service_registry (contract: rest-api.md 8.7, auth-and-stream.md 7). Role based access control is off: everybody
   who has signed in is an administrator, there are the built-in roles and no assignments. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api-internal.h"
#include "base/mem.h"

/* ---- roles ---- */

static const struct {
    const char *name, *description;
} roles[] = {
    { "admin", "Everything." },
    { "observer", "Everything may be looked at, nothing changed or run." },
    { "system_admin", "Everything, and the first administrator cannot lose it." },
};

/* The same in every answer of this server: built-in roles are not stored. */
static value role_document(size_t i)
{
    value role = value_map_new(8);

    value_map_put(&role, "id", value_textf("%024zx", i + 1));
    value_map_put(&role, "name", value_text(roles[i].name));
    value_map_put(&role, "description", value_text(roles[i].description));
    value_map_put(&role, "system", value_bool(true));
    value_map_put(&role, "permission_grants", value_list_new(0));
    value_map_put(&role, "permission_grant_ids", value_list_new(0));
    value_map_put(&role, "permission_grant_objects", value_list_new(0));
    return role;
}

static void list_roles(struct http_request *request, void *owner)
{
    VALUE_AUTO(list);

    list = value_list_new(ELEMENTS(roles));
    for (size_t i = 0; i < ELEMENTS(roles); i++)
        value_list_append(&list, role_document(i));
    http_respond_value(request, 200, list);
}

static void get_role(struct http_request *request, void *owner)
{
    const char *name = http_variable(request, "name_or_id");

    for (size_t i = 0; i < ELEMENTS(roles); i++) {
        VALUE_AUTO(role);

        role = role_document(i);
        if (value_text_is(value_map_get(role, "id"), name) || strcmp(name, roles[i].name) == 0) {
            http_respond_value(request, 200, role);
            return;
        }
    }
    http_respond_fault(request, 404, "Resource with a name or id \"%s\" not found", name);
}

static void list_assignments(struct http_request *request, void *owner)
{
    VALUE_AUTO(list);

    list = value_list_new(0);
    http_respond_value(request, 200, list);
}

static void get_assignment(struct http_request *request, void *owner)
{
    http_respond_fault(request, 404, "Unable to identify resource with id \"%s\".",
                       http_variable(request, "id"));
}

/* ---- permission types ---- */

/* The last words of the types of each resource, and what is about others. */
static const struct {
    const char *resource, *words;
} permissions[] = {
    { "runner_type", "list view modify all" },
    { "pack",
      "list view create modify delete install uninstall register config search views_index_health all "
      "+sensor_type_view +sensor_type_modify +sensor_type_all +action_view +action_create +action_modify +action_delete "
      "+action_execute +action_all +action_alias_view +action_alias_create +action_alias_modify +action_alias_delete "
      "+action_alias_all +rule_view +rule_create +rule_modify +rule_delete +rule_all" },
    { "sensor_type", "list view modify all" },
    { "action", "list view create modify delete execute all" },
    { "action_alias", "list view create modify match help delete all" },
    { "execution", "list view rerun stop all views_filters_list" },
    { "rule", "list view create modify delete all" },
    { "rule_enforcement", "list view" },
    { "key_value_pair", "list view set delete all" },
    { "webhook", "list view create send delete all" },
    { "timer", "list view all" },
    { "api_key", "list view create modify delete all" },
    { "trace", "list view all" },
    { "trigger", "list view all" },
    { "policy_type", "list view all" },
    { "policy", "list view create modify delete all" },
    { "inquiry", "list view respond all" },
};

/* "action", "execute": "Ability to execute action." */
static value permission_text(const char *resource, const char *word)
{
    BUFFER_AUTO(text);

    if (strcmp(word, "all") == 0)
        buffer_addf(&text, "Ability to perform all the supported operations on a %s.", resource);
    else if (strcmp(word, "list") == 0)
        buffer_addf(&text, "Ability to list (view all) %ss.", resource);
    else
        buffer_addf(&text, "Ability to %s a %s.", word, resource);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '_')
            text.data[i] = ' ';
    return value_text_n(text.data, text.len);
}

/* What is named whole belongs to another resource of the table: the longest one that begins it. */
static const char *resource_of(const char *type)
{
    const char *found = "";

    for (size_t i = 0; i < ELEMENTS(permissions); i++) {
        size_t n = strlen(permissions[i].resource);

        if (strncmp(type, permissions[i].resource, n) == 0 && type[n] == '_' && n > strlen(found))
            found = permissions[i].resource;
    }
    return found;
}

static value types_of(size_t row)
{
    value types = value_map_new(8);
    char words[1024], *save = NULL;

    snprintf(words, sizeof(words), "%s", permissions[row].words);
    for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        const char *resource = *word == '+' ? resource_of(word + 1) : permissions[row].resource;
        CLEANUP(freep)
        char *type = *word == '+' ? xstrdup(word + 1) : xasprintf("%s_%s", permissions[row].resource, word);

        value_map_set_text(&types, type, permission_text(resource, type + strlen(resource) + 1));
    }
    return types;
}

static void list_permission_types(struct http_request *request, void *owner)
{
    VALUE_AUTO(all);

    all = value_map_new(ELEMENTS(permissions));
    for (size_t i = 0; i < ELEMENTS(permissions); i++)
        value_map_set_text(&all, permissions[i].resource, types_of(i));
    http_respond_value(request, 200, all);
}

static void get_permission_types(struct http_request *request, void *owner)
{
    const char *resource = http_variable(request, "resource_type");

    for (size_t i = 0; i < ELEMENTS(permissions); i++)
        if (strcmp(permissions[i].resource, resource) == 0) {
            VALUE_AUTO(types);

            types = types_of(i);
            http_respond_value(request, 200, types);
            return;
        }
    http_respond_fault(request, 404, "Invalid resource type: %s", resource);
}

/* ---- services: all of them are in this process ---- */

static const char *const services[] = {
    "actionrunner",    "api",    "auth",        "garbagecollector", "notifier", "rulesengine", "scheduler",
    "sensorcontainer", "stream", "timerengine", "workflowengine",
};

static void list_groups(struct http_request *request, void *owner)
{
    VALUE_AUTO(answer);
    value groups = value_list_new(ELEMENTS(services));

    for (size_t i = 0; i < ELEMENTS(services); i++)
        value_list_append(&groups, value_text(services[i]));
    answer = value_map_new(1);
    value_map_put(&answer, "groups", groups);
    http_respond_value(request, 200, answer);
}

static void list_members(struct http_request *request, void *owner)
{
    const char *group = http_variable(request, "group_id");
    char host[256] = "localhost";
    value member, members, capabilities;
    VALUE_AUTO(answer);
    bool known = false;

    for (size_t i = 0; i < ELEMENTS(services); i++)
        known |= strcmp(services[i], group) == 0;
    if (!known) {
        http_respond_fault(request, 404, "Group with ID \"%s\" not found.", group);
        return;
    }
    gethostname(host, sizeof(host) - 1);
    capabilities = value_map_new(4);
    value_map_put(&capabilities, "hostname", value_text(host));
    value_map_put(&capabilities, "pid", value_int(getpid()));
    value_map_put(&capabilities, "name", value_text(group));
    value_map_put(&capabilities, "type", value_text("active"));
    member = value_map_new(3);
    value_map_put(&member, "group_id", value_text(group));
    value_map_put(&member, "member_id", value_textf("%s_%d", host, getpid()));
    value_map_put(&member, "capabilities", capabilities);
    members = value_list_new(1);
    value_list_append(&members, member);
    answer = value_map_new(1);
    value_map_put(&answer, "members", members);
    http_respond_value(request, 200, answer);
}

/* ---- routes ---- */

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/rbac/roles", list_roles, 0, NULL, NULL },
    { "GET", HTTP_API, "/rbac/roles/{name_or_id}", get_role, 0, NULL, NULL },
    { "GET", HTTP_API, "/rbac/role_assignments", list_assignments, 0, NULL, NULL },
    { "GET", HTTP_API, "/rbac/role_assignments/{id}", get_assignment, 0, NULL, NULL },
    { "GET", HTTP_API, "/rbac/permission_types", list_permission_types, 0, NULL, NULL },
    { "GET", HTTP_API, "/rbac/permission_types/{resource_type}", get_permission_types, 0, NULL, NULL },
    { "GET", HTTP_API, "/service_registry/groups", list_groups, 0, NULL, NULL },
    { "GET", HTTP_API, "/service_registry/groups/{group_id}/members", list_members, 0, NULL, NULL },
};

const struct api_routes api_rbac_routes = { routes, ELEMENTS(routes) };
