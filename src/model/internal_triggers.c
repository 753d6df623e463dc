/* SPDX-License-Identifier: Apache-2.0 */
/* The trigger types the server itself dispatches: pack core. */
#include "base/mem.h"
#include "model/model-internal.h"

#define OBJECT_OF(properties) "{\"type\": \"object\", \"properties\": {" properties "}}"
#define ONLY(properties) \
    "{\"type\": \"object\", \"properties\": {" properties "}, \"additionalProperties\": false}"
#define ANY(name)            "\"" name "\": {}"
#define TYPED(name, type)    "\"" name "\": {\"type\": \"" type "\"}"
#define REQUIRED(name, type) "\"" name "\": {\"type\": \"" type "\", \"required\": true}"
#define CRON_FIELD(name, limits) \
    "\"" name "\": {\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"integer\"}]" limits "}"
#define LIMITS(least, most) ", \"minimum\": " least ", \"maximum\": " most

#define TIMEZONE \
    "\"timezone\": {\"type\": \"string\", \"description\": \"Name of a time zone; empty: the one of the server.\"}"
#define TIMER_PAYLOAD                                                                \
    OBJECT_OF("\"executed_at\": {\"type\": \"string\", \"format\": \"date-time\"}, " \
              "\"schedule\": {\"type\": [\"object\", \"null\"]}")

static const struct {
    const char *name, *description, *parameters_schema, *payload_schema;
} types[] = {
    { "st2.generic.actiontrigger", "An execution has come to its end.", "{}",
      OBJECT_OF(
          ANY("execution_id") ", " ANY("status") ", " ANY("start_timestamp") ", " ANY("action_name") ", " ANY(
              "action_ref") ", " ANY("runner_ref") ", " ANY("parameters") ", " ANY("result")) },
    { "st2.generic.notifytrigger", "An execution that somebody wants to be told of has come to its end.",
      "{}",
      OBJECT_OF(ANY("execution_id") ", " ANY("status") ", " ANY("start_timestamp") ", " ANY("end_timestamp") ", " ANY(
          "action_ref") ", " ANY("runner_ref") ", " ANY("channel") ", " ANY("route") ", " ANY("message") ", " ANY("data")) },
    { "st2.action.file_written", "A file of an action was written through the API.", "{}",
      OBJECT_OF(ANY("ref") ", " ANY("file_path") ", " ANY("host_info")) },
    { "st2.generic.inquiry", "An inquiry waits for an answer.", "{}",
      ONLY(REQUIRED("id", "string") ", " REQUIRED("route", "string")) },
    { "st2.sensor.process_spawn", "The process of a sensor was started.", "{}", OBJECT_OF(ANY("object")) },
    { "st2.sensor.process_exit", "The process of a sensor has ended.", "{}", OBJECT_OF(ANY("object")) },
    { "st2.key_value_pair.create", "A key of the datastore was created.", "{}", OBJECT_OF(ANY("object")) },
    { "st2.key_value_pair.update", "A key of the datastore was written.", "{}", OBJECT_OF(ANY("object")) },
    { "st2.key_value_pair.value_change", "A key of the datastore has got another value.", "{}",
      OBJECT_OF(ANY("old_object") ", " ANY("new_object")) },
    { "st2.key_value_pair.delete", "A key of the datastore was removed.", "{}", OBJECT_OF(ANY("object")) },
    { "st2.webhook", "A request to the address of a webhook has come in.", ONLY(REQUIRED("url", "string")),
      OBJECT_OF(TYPED("headers", "object") ", " TYPED(
          "headers_lower",
          "object") ", "
                    "\"body\": {\"anyOf\": [{\"type\": \"array\"}, {\"type\": \"object\"}]}") },
    { "st2.IntervalTimer", "Fires again and again at an interval.",
      ONLY(TIMEZONE
           ", \"unit\": {\"enum\": [\"weeks\", \"days\", \"hours\", \"minutes\", \"seconds\"], \"required\": "
           "true}, " REQUIRED("delta", "integer")),
      TIMER_PAYLOAD },
    { "st2.DateTimer", "Fires once at a given time.",
      ONLY(TIMEZONE ", \"date\": {\"type\": \"string\", \"format\": \"date-time\", \"required\": true}"),
      TIMER_PAYLOAD },
    { "st2.CronTimer", "Fires when the clock fits all given fields.",
      ONLY(
          TIMEZONE
          ", " CRON_FIELD("year", "") ", " CRON_FIELD("month", LIMITS("1", "12")) ", " CRON_FIELD("day", LIMITS("1", "31")) ", " CRON_FIELD(
              "week",
              LIMITS(
                  "1",
                  "53")) ", " CRON_FIELD("day_of_week",
                                         LIMITS(
                                             "0",
                                             "6")) ", " CRON_FIELD("hour",
                                                                   LIMITS(
                                                                       "0",
                                                                       "23")) ", " CRON_FIELD("minute",
                                                                                              LIMITS(
                                                                                                  "0",
                                                                                                  "59")) ", " CRON_FIELD("second",
                                                                                                                         LIMITS(
                                                                                                                             "0",
                                                                                                                             "59"))),
      TIMER_PAYLOAD },
};

value model_internal_trigger_types(bool with_action_trigger)
{
    value list = value_list_new(ELEMENTS(types));

    for (size_t i = with_action_trigger ? 0 : 1; i < ELEMENTS(types); i++) {
        value map = value_map_new(8);

        value_map_put(&map, "name", value_text(types[i].name));
        value_map_put(&map, "pack", value_text("core"));
        value_map_put(&map, "description", value_text(types[i].description));
        value_map_put(&map, "payload_schema", model_json(types[i].payload_schema));
        value_map_put(&map, "parameters_schema", model_json(types[i].parameters_schema));
        value_map_put(&map, "tags", value_list_new(0));
        model_complete_names(&map, "trigger_type");
        value_list_append(&list, map);
    }
    return list;
}
