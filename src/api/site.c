/* SPDX-License-Identifier: Apache-2.0 */
/* The root, who one is, and what monitoring asks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api-internal.h"
#include "base/clock.h"
#include "base/mem.h"

static void get_root(struct http_request *request, void *owner)
{
    VALUE_AUTO(answer);

    answer = value_map_new(2);
    value_map_put(&answer, "version", value_text(FULMAR_VERSION));
    value_map_put(&answer, "docs_url", value_text("https://docs.stackstorm.com/"));
    http_respond_value(request, 200, answer);
}

static void get_user(struct http_request *request, void *owner)
{
    const struct caller *caller = api_caller(request);
    value authentication = value_map_new(3), rbac = value_map_new(3);
    VALUE_AUTO(answer);

    if (caller->method) {
        value_map_put(&authentication, "method", value_text(caller->method));
        value_map_put(&authentication, "location", value_text(caller->location));
    }
    if (caller->token_expire)
        value_map_put(&authentication, "token_expire", value_text(caller->token_expire));
    value_map_put(&rbac, "enabled", value_bool(false));
    value_map_put(&rbac, "roles", value_list_new(0));
    value_map_put(&rbac, "is_admin", value_bool(caller->admin));
    answer = value_map_new(3);
    value_map_put(&answer, "username", value_text(caller->user));
    value_map_put(&answer, "authentication", authentication);
    value_map_put(&answer, "rbac", rbac);
    http_respond_value(request, 200, answer);
}

static void get_health(struct http_request *request, void *owner)
{
    http_respond_static(request, 200, HTTP_TEXT, "ok\n", 3);
}

/* ---- ready: the engine ticks and the store takes writes ---- */

static int apply_probe(struct engine *engine, struct input *input, struct error *err)
{
    return 0;
}

static void done_probe(struct input *base, int r, const struct error *err)
{
    struct api_input *input = api_input_of(base);

    if (r < 0)
        http_respond_fault(input->request, 503, "not ready: %s", error_text(err));
    else
        http_respond_static(input->request, 200, HTTP_TEXT, "ready\n", 6);
    free(input->user);
    free(input);
}

static const struct input_ops probe_ops = { "probe", apply_probe, done_probe, false };

static void get_ready(struct http_request *request, void *owner)
{
    api_submit(api_input_new(owner, request, &probe_ops));
}

/* ---- metrics ---- */

static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long pages = 0;

    if (file) {
        if (fscanf(file, "%*d %ld", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return pages * sysconf(_SC_PAGESIZE);
}

static void metric(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct buffer *out, const char *name, const char *type, const char *help, double number)
{
    metric(out, name, type, help);
    buffer_addf(out, "%s %.15g\n", name, number);
}

static void histogram(struct buffer *out, const char *name, const char *help, const char *const *bounds,
                      const uint64_t *buckets, size_t n, double sum)
{
    uint64_t total = 0;

    metric(out, name, "histogram", help);
    for (size_t i = 0; i < n; i++) {
        total += buckets[i];
        buffer_addf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bounds[i], total);
    }
    buffer_addf(out, "%s_sum %.15g\n%s_count %" PRIu64 "\n", name, sum, name, total);
}

static void engine_metrics(struct api *api, struct buffer *out)
{
    static const char *const commit_bounds[] = { "0.0005", "0.001", "0.002", "0.005",
                                                 "0.01",   "0.05",  "0.25",  "+Inf" };
    static const char *const batch_bounds[] = { "1", "2", "4", "8", "16", "64", "256", "+Inf" };
    struct engine_health health;

    engine_loop_health(api->config.loop, &health);
    single(out, "fulmar_executions_requested_total", "counter", "Executions accepted since the start.",
           (double)health.figures.executions);
    single(out, "fulmar_processes", "gauge", "Actions that run as a child process now.",
           (double)health.running);
    single(out, "fulmar_queue_depth", "gauge", "Executions scheduled that wait for a free place.",
           (double)health.queued);
    single(out, "fulmar_engine_inbox", "gauge", "Inputs that wait for the engine.", (double)health.inbox);
    single(out, "fulmar_engine_refused_total", "counter",
           "Inputs refused because the store did not take them.", (double)health.figures.refused);
    single(out, "fulmar_engine_last_step_timestamp_seconds", "gauge", "When the engine made its last step.",
           (double)health.last_step_us / 1e6);
    single(out, "fulmar_store_writable", "gauge", "1 when the last transaction was committed.",
           health.store_ok);
    histogram(out, "fulmar_engine_step_seconds", "Time of a step with inputs, its commit included.",
              commit_bounds, health.commit_buckets, ELEMENTS(commit_bounds),
              (double)health.commit_us_sum / 1e6);
    histogram(out, "fulmar_engine_batch_inputs", "Inputs handled in one transaction.", batch_bounds,
              health.batch_buckets, ELEMENTS(batch_bounds), (double)health.figures.inputs);
}

static void http_metrics(struct api *api, struct buffer *out)
{
    const struct http_counters *c = http_server_counters(api->server);

    metric(out, "fulmar_http_requests_total", "counter", "Requests answered, by class of status.");
    for (int i = 1; i < 6; i++)
        buffer_addf(out, "fulmar_http_requests_total{status=\"%dxx\"} %" PRIu64 "\n", i,
                    (uint64_t)c->by_class[i]);
    single(out, "fulmar_http_requests_in_flight", "gauge", "Requests begun and not yet answered.",
           (double)c->in_flight);
    single(out, "fulmar_http_connections", "gauge", "Open connections.", (double)c->connections);
    single(out, "fulmar_http_streams", "gauge", "Open event streams.", (double)c->streams);
    single(out, "fulmar_http_request_seconds_total", "counter", "Time spent on requests.",
           (double)c->duration_us / 1e6);
    single(out, "fulmar_http_received_bytes_total", "counter", "Bytes of bodies received.",
           (double)c->bytes_in);
    single(out, "fulmar_http_sent_bytes_total", "counter", "Bytes of bodies sent.", (double)c->bytes_out);
}

static void get_metrics(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct store_reader *reader = api_reader(api, request);
    struct store_figures figures;
    BUFFER_AUTO(out);
    ERROR_AUTO(err);
    int r;

    if (!reader)
        return;
    r = store_figures(reader, &figures, &err);
    if (r < 0) {
        api_store_failed(request, r, &err);
        return;
    }
    metric(&out, "fulmar_executions", "gauge", "Executions stored, by status.");
    for (int i = 0; i < EXECUTION_STATUSES; i++)
        buffer_addf(&out, "fulmar_executions{status=\"%s\"} %" PRId64 "\n",
                    execution_status_text((enum execution_status)i), figures.by_status[i]);
    engine_metrics(api, &out);
    http_metrics(api, &out);
    single(&out, "process_resident_memory_bytes", "gauge", "Resident memory.", (double)resident_bytes());
    single(&out, "fulmar_uptime_seconds", "gauge", "Time since the start.",
           (double)(clock_monotonic_us() - api->config.started_us) / 1e6);
    http_respond(request, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
}

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/", get_root, 0, NULL, NULL },
    { "GET", HTTP_API, "/user", get_user, 0, NULL, NULL },
    { "GET", HTTP_SITE, "/healthz", get_health, HTTP_NO_AUTH | HTTP_HEAD | HTTP_NO_LOG, NULL, NULL },
    { "GET", HTTP_SITE, "/readyz", get_ready, HTTP_NO_AUTH | HTTP_HEAD | HTTP_NO_LOG, NULL, NULL },
    { "GET", HTTP_SITE, "/metrics", get_metrics, HTTP_NO_AUTH | HTTP_NO_LOG, NULL, NULL },
};

const struct api_routes api_site_routes = { routes, ELEMENTS(routes) };
