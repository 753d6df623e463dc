/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: reads its settings, opens the store, repairs what an earlier process left, registers packs, then runs the
   engine, the I/O thread and the HTTP threads until it is told to stop. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "api/broadcast.h"
#include "auth/crypto.h"
#include "auth/htpasswd.h"
#include "auth/password.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config.h"
#include "engine/content.h"
#include "engine/children.h"
#include "engine/loop.h"

struct server {
    struct config config;
    struct store *store;
    struct catalog *catalog;
    struct io *io;
    struct engine_loop *loop;
    struct children *children;
    struct content *content;
    struct api *api;
    struct broadcast *broadcast;
    char *server_user, *api_url;
    char hostname[256];
    int lock_fd;
    int64_t started_us;
};

/* ---- command line ---- */

static const struct option long_options[] = {
    { "data-dir", required_argument, NULL, 'd' },
    { "listen", required_argument, NULL, 'l' },
    { "packs-dir", required_argument, NULL, 'p' },
    { "config-file", required_argument, NULL, 'c' },
    { "debug", no_argument, NULL, 'D' },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { "print-config-reference", no_argument, NULL, 'R' },
    { NULL, 0, NULL, 0 },
};

static void print_help(void)
{
    puts(
        "Usage: fulmard --data-dir DIR [--listen HOST:PORT]... [--packs-dir DIR]... [--config-file FILE]\n"
        "\n"
        "The automation server: API, authentication, event streams and the engine in one process.\n"
        "\n"
        "  --data-dir DIR        where everything is kept (made when missing)\n"
        "  --listen HOST:PORT    answer there; may be repeated. Without it: 127.0.0.1 on 9101 (API),\n"
        "                        9100 (authentication) and 9102 (streams); each answers for all three\n"
        "  --packs-dir DIR       a directory of packs besides DIR/packs of the data directory; may be repeated\n"
        "  --config-file FILE    settings (INI); see docs/configuration.md\n"
        "  --debug               log everything\n"
        "  --version             tell the version\n"
        "  --help                this text\n"
        "\n"
        "The first start makes the user st2admin with the password in FULMAR_ADMIN_PASSWORD, or one that is\n"
        "printed once and kept in DIR/admin-password for the local command line client.");
}

static int parse_arguments(int argc, char **argv, struct config *config, bool *ret_exit, struct error *err)
{
    const char *file = NULL, *data_dir = NULL, *listen[CONFIG_LISTENERS_MAX], *packs[CONFIG_PATHS_MAX];
    int option, n_listen = 0, n_packs = 0, r;
    bool debug = false;

    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (option) {
        case 'd':
            data_dir = optarg;
            break;
        case 'l':
            if (n_listen == CONFIG_LISTENERS_MAX)
                return error_set(err, -EINVAL, "--listen: at most %d addresses", CONFIG_LISTENERS_MAX);
            listen[n_listen++] = optarg;
            break;
        case 'p':
            if (n_packs == CONFIG_PATHS_MAX)
                return error_set(err, -EINVAL, "--packs-dir: at most %d directories", CONFIG_PATHS_MAX);
            packs[n_packs++] = optarg;
            break;
        case 'c':
            file = optarg;
            break;
        case 'D':
            debug = true;
            break;
        case 'h':
            print_help();
            *ret_exit = true;
            return 0;
        case 'V':
            puts("fulmard " FULMAR_VERSION);
            *ret_exit = true;
            return 0;
        case 'R':
            config_print_reference();
            *ret_exit = true;
            return 0;
        default:
            return error_set(err, -EINVAL, "see fulmard --help");
        }
    }
    if (optind < argc)
        return error_set(err, -EINVAL, "unexpected argument \"%s\"; see fulmard --help", argv[optind]);
    if (!data_dir)
        return error_set(err, -EINVAL,
                         "--data-dir is needed: a directory that is the server's own; see fulmard --help");
    r = config_load(file, config, err);
    if (r < 0)
        return r;
    config->data_dir = xstrdup(data_dir);
    for (int i = 0; i < n_listen; i++)
        config->listen[config->n_listen++] = xstrdup(listen[i]);
    for (int i = 0; i < n_packs; i++)
        config->packs_dirs[config->n_packs_dirs++] = xstrdup(packs[i]);
    if (log_level_from_text(config->log_level) < 0)
        return error_set(err, -EINVAL, "[log] level: \"%s\" is none of debug, info, warning, error, audit",
                         config->log_level);
    log_set_level(debug ? LOG_LEVEL_DEBUG : (enum log_level)log_level_from_text(config->log_level));
    return 0;
}

/* ---- the data directory ---- */

/* Makes the directory and those above it. */
static int make_directory(const char *path, struct error *err)
{
    CLEANUP(freep)
    char *copy = xstrdup(path);

    for (char *p = copy + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(copy, 0755);
        *p = '/';
    }
    if (mkdir(copy, 0700) < 0 && errno != EEXIST)
        return error_set(err, -errno, "%s: the data directory cannot be made: %s", path, strerror(errno));
    return 0;
}

/* One server a directory: the lock goes with the process. */
static int lock_directory(struct server *server, struct error *err)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/lock", server->config.data_dir);

    server->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (server->lock_fd < 0)
        return error_set(err, -errno, "%s: %s; give the server's user write access to its data directory",
                         path, strerror(errno));
    if (flock(server->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return error_set(err, -EBUSY, "%s: another server runs in this data directory; stop it first",
                         server->config.data_dir);
    return 0;
}

static int write_private(const char *path, const char *text, size_t n, struct error *err)
{
    CLEANUP(freep)
    char *new_path = xasprintf("%s.new", path);
    int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0 || rename(new_path, path) < 0) {
        int code = errno;

        if (fd >= 0)
            close(fd);
        return error_set(err, -code, "%s: %s", path, strerror(code));
    }
    close(fd);
    return 0;
}

static void make_password(char out[21])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    unsigned char random[20];

    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        abort();
    for (int i = 0; i < 20; i++)
        out[i] = letters[random[i] % (sizeof(letters) - 1)];
    out[20] = '\0';
}

/* The datastore's key: made beside the store when nobody names another place. A named file that is not there is no reason not
   to serve: only secret values need it. */
static int load_key(struct server *server, struct error *err)
{
    const char *given = server->config.encryption_key_path;
    CLEANUP(freep)
    char *path = *given ? xstrdup(given) : xasprintf("%s/datastore_key.json", server->config.data_dir);
    CLEANUP(freep)
    char *made = NULL;
    struct crypto_key *key = NULL;
    ERROR_AUTO(reason);
    int r = crypto_key_load(path, &key, &reason);

    if (r == -ENOENT && *given) {
        log_warning("%s; secret datastore values cannot be stored or read", error_text(&reason));
        return 0;
    }
    if (r == -ENOENT) {
        r = crypto_key_make(&made, err);
        if (r == 0)
            r = write_private(path, made, strlen(made), err);
        if (r == 0)
            r = crypto_key_parse(made, strlen(made), &key, err);
    } else if (r < 0) {
        error_move(err, &reason);
    }
    if (r == 0)
        catalog_set_key(server->catalog, key);
    return r;
}

#define BCRYPT_COST 10

/* The administrator's line in the password file: from FULMAR_ADMIN_PASSWORD at each start, else made once. */
static int ensure_admin(struct server *server, struct error *err)
{
    const char *given = getenv("FULMAR_ADMIN_PASSWORD"), *directory = server->config.data_dir;
    CLEANUP(freep)
    char *path = xasprintf("%s/htpasswd", directory);
    CLEANUP(freep)
    char *note = xasprintf("%s/admin-password", directory);
    CLEANUP(freep)
    char *hash = NULL;
    char made[21], chunk[4096];
    BUFFER_AUTO(before);
    BUFFER_AUTO(after);
    FILE *file = fopen(path, "re");
    size_t n;
    int r;

    if (*server->config.auth_backend_file)
        return 0; /* somebody else keeps the users */
    while (file && (n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buffer_add(&before, chunk, n);
    if (file)
        fclose(file);
    if (!given && htpasswd_has(buffer_text(&before), before.len, "st2admin"))
        return 0;
    if (given && htpasswd_verify(buffer_text(&before), before.len, "st2admin", given) == 0)
        return 0;
    if (!given)
        make_password(made);
    r = password_hash(given ? given : made, BCRYPT_COST, &hash, err);
    if (r == 0)
        r = htpasswd_set(&after, buffer_text(&before), before.len, "st2admin", hash, err);
    if (r == 0)
        r = write_private(path, after.data, after.len, err);
    if (r == 0)
        r = write_private(note, given ? given : made, strlen(given ? given : made), err);
    if (r == 0 && !given)
        printf("The administrator is st2admin, the password is %s\n"
               "(told only now; the local client finds it in %s)\n",
               made, note);
    fflush(stdout);
    return r;
}

/* ---- starting and stopping ---- */

static void describe_host(struct server *server)
{
    struct passwd *entry = getpwuid(geteuid());

    server->server_user = xstrdup(entry ? entry->pw_name : "root");
    if (gethostname(server->hostname, sizeof(server->hostname) - 1) < 0)
        strcpy(server->hostname, "localhost");
}

static const char *system_user(const struct server *server)
{
    return *server->config.system_user ? server->config.system_user : server->server_user;
}

/* The first address, for what actions are told before the listeners are open; port 0 cannot be told. */
static char *expected_url(const struct server *server)
{
    const char *first = server->config.n_listen ? server->config.listen[0] : "127.0.0.1:9101";

    return xasprintf("%s%s%s/v1",
                     *server->config.auth_api_url ? ""
                     : *server->config.tls_cert   ? "https://"
                                                  : "http://",
                     *server->config.auth_api_url ? server->config.auth_api_url
                     : strchr(first, ':')         ? ""
                                                  : "127.0.0.1:",
                     *server->config.auth_api_url ? "" : first);
}

static int start_engine(struct server *server, struct error *err)
{
    struct engine_config config = {
        .store = server->store,
        .catalog = server->catalog,
        .effects = { children_start, children_stop, server->children },
        .node = 1,
        .hostname = server->hostname,
        .pid = (int)getpid(),
        .server_user = server->server_user,
        .system_user = system_user(server),
        .api_url = server->api_url,
        .processes_max = server->config.actions_pool_size,
        .output_limit = (size_t)server->config.output_limit,
        .stream_output = server->config.stream_output,
        .validate_output = server->config.validate_output,
    };
    struct engine *engine;
    int64_t repaired = 0;
    int r;

    broadcast_listen(server->broadcast, &config.effects);
    if (getrandom(config.random, sizeof(config.random), 0) != sizeof(config.random))
        return error_set(err, -EIO, "no random numbers to be had from the system");
    engine = engine_new(&config);
    r = engine_recover(engine, clock_now_us(), &repaired, err);
    if (r == 0)
        r = engine_loop_start(engine, &server->loop, err);
    if (r < 0) {
        engine_free(engine);
        return r;
    }
    children_set_loop(server->children, server->loop);
    if (repaired)
        log_info("%" PRId64 " unfinished executions of an earlier run were put in order", repaired);
    return 0;
}

static int start(struct server *server, struct error *err)
{
    struct api_config api;
    int r = make_directory(server->config.data_dir, err);

    if (r == 0)
        r = lock_directory(server, err);
    if (r == 0)
        r = ensure_admin(server, err);
    if (r == 0)
        r = store_open(server->config.data_dir, STORE_CREATE, &server->store, err);
    if (r < 0)
        return r;
    server->catalog = catalog_new();
    r = load_key(server, err);
    if (r == 0)
        r = catalog_load(server->catalog, store_as_reader(server->store), err);
    if (r == 0)
        r = io_start(&server->io, err);
    if (r < 0)
        return r;
    describe_host(server);
    server->api_url = expected_url(server);
    server->broadcast = broadcast_new();
    server->children = children_new(server->io, server->config.stream_output);
    r = start_engine(server, err);
    if (r < 0)
        return r;
    server->content = content_new(&server->config, server->catalog, server->loop);
    r = content_register_at_start(server->content, err);
    if (r < 0)
        return r;
    api = (struct api_config){
        .settings = &server->config,
        .catalog = server->catalog,
        .store = server->store,
        .loop = server->loop,
        .io = server->io,
        .content = server->content,
        .broadcast = server->broadcast,
        .system_user = system_user(server),
        .server_user = server->server_user,
        .started_us = server->started_us,
    };
    return api_start(&api, &server->api, err);
}

/* Requests end first, then children may finish, then the engine writes what they told. */
static void stop(struct server *server)
{
    int64_t until = clock_monotonic_us() + server->config.shutdown_wait_s * 1000000;

    if (server->loop)
        engine_loop_drain(server->loop);
    api_stop(server->api);
    while (server->io && io_processes(server->io) > 0 && clock_monotonic_us() < until)
        usleep(20000);
    if (server->io && io_processes(server->io) > 0)
        log_warning("%" PRId64 " actions are still running after %" PRId64 " seconds and are ended",
                    io_processes(server->io), server->config.shutdown_wait_s);
    io_stop(server->io);
    engine_loop_stop(server->loop);
    content_free(server->content);
    children_free(server->children);
    broadcast_free(server->broadcast);
    catalog_free(server->catalog);
    store_close(server->store);
    if (server->lock_fd >= 0)
        close(server->lock_fd);
    free(server->server_user);
    free(server->api_url);
    config_release(&server->config);
}

/* Room for many connections: the soft limit goes up to the hard one. */
static void raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct server server = { .lock_fd = -1, .started_us = clock_monotonic_us() };
    ERROR_AUTO(err);
    bool leave = false;
    sigset_t signals;
    int signal_number = 0, r;

    r = parse_arguments(argc, argv, &server.config, &leave, &err);
    if (r < 0 || leave) {
        if (r < 0)
            fprintf(stderr, "fulmard: %s\n", error_text(&err));
        config_release(&server.config);
        return r < 0 ? 2 : 0;
    }
    raise_limits();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    r = start(&server, &err);
    if (r < 0) {
        fprintf(stderr, "fulmard: %s\n", error_text(&err));
    } else {
        log_info("ready on %s", api_url(server.api));
        sigwait(&signals, &signal_number);
        log_info("%s: stopping", strsignal(signal_number));
    }
    stop(&server);
    return r < 0 ? 1 : 0;
}
