/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstore-read, -write, -list, -exists: nodes by their names. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static void
add_value(const struct cli *c, struct xu_buf *out, const char *path,
    const char *v, size_t len)
{
	if (c->prefix)
		xu_buf_addf(out, "%s: ", path);
	if (c->raw) {
		xu_buf_add(out, v, len);
	} else {
		cli_escape(out, v, len);
		xu_buf_addc(out, '\n');
	}
}

int
cli_read(struct cli *c, int argc, char **argv)
{
	struct xs_batch *b = xs_batch_new(c->h);
	struct xu_val *json = c->json ? xu_struct() : NULL;
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	size_t len;
	int r = 0;

	if (b == NULL)
		return cli_failed(c, NULL);
	for (int i = 0; i < argc; i++)
		xs_batch_read(b, argv[i]);
	/* Several values are one consistent picture. */
	if (!xs_batch_run(b, argc > 1 ? XS_BATCH_TRANSACTION : 0))
		r = cli_failed(c, "couldn't read path");
	/* As the reference tool: those before the first that fails are told. */
	for (int i = 0; i < argc; i++) {
		const char *v = xs_batch_value(b, i, &len);

		if (v == NULL)
			break;
		if (c->json)
			xu_val_set(json, argv[i], cli_json_text(v, len));
		else
			add_value(c, &out, argv[i], v, len);
	}
	xs_batch_free(b);
	fwrite(xu_buf_text(&out), 1, out.len, stdout);
	if (r == 0 && c->json)
		return cli_print_json(c, json, true);
	xu_val_free(json);
	return r;
}

int
cli_write(struct cli *c, int argc, char **argv)
{
	struct xs_batch *b = xs_batch_new(c->h);
	int r = 0;

	if (argc % 2 != 0) {
		fprintf(stderr, "xenstore-write: '%s' has no value\n",
		    argv[argc - 1]);
		xs_batch_free(b);
		return CLI_USAGE;
	}
	for (int i = 0; b != NULL && i < argc; i += 2) {
		AUTO_BUF struct xu_buf v = XU_BUF_INIT;

		if (c->raw)
			xu_buf_adds(&v, argv[i + 1]);
		else if (!cli_unescape(argv[i + 1], &v)) {
			fprintf(stderr, "xenstore-write: '%s': bad escape; use "
					"\\n \\t \\r \\\\ \\xHH \\OOO\n",
			    argv[i + 1]);
			xs_batch_free(b);
			return CLI_USAGE;
		}
		xs_batch_write(b, argv[i], xu_buf_text(&v), v.len);
	}
	if (b == NULL || !xs_batch_run(b, argc > 2 ? XS_BATCH_TRANSACTION : 0))
		r = cli_failed(c, "could not write path");
	xs_batch_free(b);
	return r;
}

int
cli_list(struct cli *c, int argc, char **argv)
{
	struct xu_val *json = c->json ? xu_array() : NULL;
	unsigned n;

	for (int i = 0; i < argc; i++) {
		char **v = xs_directory(c->h, XBT_NULL, argv[i], &n);

		if (v == NULL) {
			xu_val_free(json);
			return cli_failed(c, "could not list path");
		}
		for (unsigned k = 0; k < n; k++) {
			AUTO_BUF struct xu_buf name = XU_BUF_INIT;

			if (c->prefix && c->json)
				cli_child(&name, argv[i], v[k]);
			else
				xu_buf_addf(&name, "%s%s%s",
				    c->prefix ? argv[i] : "",
				    c->prefix ? "/" : "", v[k]);
			if (c->json)
				xu_val_add(json, xu_str(xu_buf_text(&name)));
			else
				puts(xu_buf_text(&name));
		}
		free(v);
	}
	return c->json ? cli_print_json(c, json, true) : CLI_OK;
}

int
cli_exists(struct cli *c, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		char *v = xs_read(c->h, XBT_NULL, argv[i], NULL);

		if (v == NULL)
			return 1;
		free(v);
	}
	return 0;
}
