/* SPDX-License-Identifier: Apache-2.0 */
/* The command line client, installed as `fulmar` and as `st2`. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
