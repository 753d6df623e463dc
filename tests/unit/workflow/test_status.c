/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "workflow/status.h"

static int workflow_moves(enum workflow_status from, uint8_t kind, uint8_t status, uint8_t activity,
                          uint8_t outcome)
{
    return workflow_machine_move(from, (struct workflow_event){ kind, status, activity, outcome });
}

static int task_moves(enum workflow_status from, uint8_t kind, uint8_t status, uint8_t activity,
                      uint8_t outcome)
{
    return task_machine_move(from, (struct workflow_event){ kind, status, activity, outcome });
}

TEST(names_go_both_ways)
{
    for (int i = 0; i < STATUS_COUNT; i++)
        assert_int_equal(status_from_name(status_name((enum workflow_status)i)), i);
    assert_int_equal(status_from_name("bogus"), -1);
    assert_int_equal(status_from_name("remediated"), -1);
}

TEST(workflow_ends_when_its_last_task_succeeds)
{
    assert_int_equal(
        workflow_moves(STATUS_RUNNING, EVENT_TASK, STATUS_SUCCEEDED, ACTIVITY_DORMANT, OUTCOME_COMPLETED),
        STATUS_SUCCEEDED);
    assert_int_equal(
        workflow_moves(STATUS_RUNNING, EVENT_TASK, STATUS_SUCCEEDED, ACTIVITY_ACTIVE, OUTCOME_COMPLETED),
        STATUS_RUNNING);
}

TEST(failed_workflow_takes_no_events)
{
    for (int kind = 0; kind < EVENT_KINDS; kind++)
        for (int status = 0; status <= STATUS_COUNT; status++)
            for (int activity = 0; activity < ACTIVITIES; activity++)
                for (int outcome = 0; outcome < OUTCOMES; outcome++)
                    assert_int_equal(workflow_moves(STATUS_FAILED, (uint8_t)kind, (uint8_t)status,
                                                    (uint8_t)activity, (uint8_t)outcome),
                                     -1);
}

TEST(alternatives_in_a_row_are_all_spread)
{
    static const uint8_t ends[] = { STATUS_FAILED, STATUS_TIMEOUT, STATUS_ABANDONED };

    for (size_t i = 0; i < sizeof(ends); i++) {
        assert_int_equal(task_moves(STATUS_RUNNING, EVENT_ACTION, ends[i], ACTIVITY_NONE, OUTCOME_NONE),
                         STATUS_FAILED);
        assert_int_equal(
            task_moves(STATUS_RUNNING, EVENT_ACTION, ends[i], ACTIVITY_DORMANT, OUTCOME_CANCELED),
            STATUS_CANCELED);
        assert_int_equal(
            task_moves(STATUS_RUNNING, EVENT_ACTION, ends[i], ACTIVITY_ACTIVE, OUTCOME_INCOMPLETE), -1);
    }
    for (uint8_t outcome = OUTCOME_INCOMPLETE; outcome < OUTCOMES; outcome++)
        assert_int_equal(task_moves(STATUS_CANCELING, EVENT_ACTION, STATUS_FAILED, ACTIVITY_DORMANT, outcome),
                         STATUS_CANCELED);
}

TEST(events_have_the_names_clients_know)
{
    BUFFER_AUTO(name);

    workflow_event_name(&name, (struct workflow_event){ EVENT_ACTION, STATUS_SUCCEEDED, ACTIVITY_DORMANT,
                                                        OUTCOME_COMPLETED });
    assert_string_equal(name.data, "action_succeeded_task_dormant_items_completed");
    buffer_clear(&name);
    workflow_event_name(
        &name, (struct workflow_event){ EVENT_TASK, STATUS_REMEDIATED, ACTIVITY_ACTIVE, OUTCOME_PAUSED });
    assert_string_equal(name.data, "task_remediated_workflow_active_paused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(workflow_ends_when_its_last_task_succeeds),
        cmocka_unit_test(failed_workflow_takes_no_events),
        cmocka_unit_test(alternatives_in_a_row_are_all_spread),
        cmocka_unit_test(events_have_the_names_clients_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
