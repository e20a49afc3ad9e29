/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the manual page of the API's classes from the tables of model/. */
#include <stdio.h>

#include "schema.h"

/* Text of the tables between mdoc's macros: no line of it begins with a dot. */
static void
put(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			fputs("\\e", stdout);
		else
			putchar(*s);
	}
}

static void
put_type(const struct model_type *t)
{
	static const char *const plain[] = { [MK_VOID] = "nothing",
		[MK_STRING] = "string",
		[MK_INT] = "int",
		[MK_FLOAT] = "float",
		[MK_BOOL] = "bool",
		[MK_DATETIME] = "datetime" };

	switch (t->kind) {
	case MK_ENUM:
		put(t->name);
		break;
	case MK_REF:
		printf("%s ref", t->name);
		break;
	case MK_RECORD:
		printf("%s record", t->name);
		break;
	case MK_SET:
		put("set of ");
		put_type(t->of);
		break;
	case MK_MAP:
		put_type(t->key);
		put(" -> ");
		put_type(t->of);
		break;
	default:
		put(plain[t->kind]);
		break;
	}
}

static void
put_field(const struct model_field *f)
{
	printf(".It Va %s Pq ", f->name);
	put_type(f->type);
	printf("%s\n", f->access == RW ? ", may be set" :
		f->access == RO_INS    ? ", given when it is made" :
					 "");
	put(f->doc);
	putchar('\n');
}

static void
put_message(const struct model_class *c, const struct model_method *m)
{
	printf(".It Fn %s.%s", c->name, m->name);
	for (size_t i = 0; i < MODEL_ARGS_MAX && m->args[i].name != NULL; i++) {
		printf(" \"");
		put_type(m->args[i].type);
		printf(" %s\"", m->args[i].name);
	}
	printf("\n%s", m->doc);
	if (m->result->kind != MK_VOID) {
		printf("\nGives: ");
		put_type(m->result);
		putchar('.');
	}
	printf("\nRole: %s.\n", model_role_name(m->role));
	if (m->errors == NULL)
		return;
	printf("Errors:");
	for (size_t i = 0; m->errors[i] != NULL; i++)
		printf("%s %s", i > 0 ? "," : "", m->errors[i]);
	printf(".\n");
}

static void
put_class(const struct model_class *c)
{
	printf(".Sh %s\n", c->name);
	put(c->doc);
	printf("\n.Pp\n");
	if (c->methods->name != NULL) {
		printf(".Bl -tag -width indent\n");
		for (const struct model_method *m = c->methods; m->name != NULL;
		     m++)
			put_message(c, m);
		printf(".El\n.Pp\n");
	}
	printf("Fields:\n.Bl -tag -width indent -compact\n");
	for (const struct model_field *f = c->fields; f->name != NULL; f++)
		put_field(f);
	printf(".El\n");
}

static void
put_enums(void)
{
	printf(".Sh ENUMS\n.Bl -tag -width indent -compact\n");
	for (size_t i = 0; model_enums[i] != NULL; i++) {
		printf(".It Va %s\n", model_enums[i]->name);
		for (size_t w = 0; model_enums[i]->words[w] != NULL; w++)
			printf("%s%s", w > 0 ? ", " : "",
			    model_enums[i]->words[w][0] == '\0' ?
				"(nothing)" : model_enums[i]->words[w]);
		putchar('\n');
	}
	printf(".El\n");
}

static void
put_errors(void)
{
	printf(".Sh ERRORS\n.Bl -tag -width indent -compact\n");
	for (size_t i = 0; i < model_nerrors; i++)
		printf(".It Er %s Pq %s\n%s\n", model_errors[i].code,
		    model_errors[i].params[0] == '\0' ? "no parameters" :
							model_errors[i].params,
		    model_errors[i].sentence);
	printf(".El\n");
}

int
main(void)
{
	printf(".\\\" SPDX-License-Identifier: LGPL-2.1-or-later\n"
	       ".Dd November 22, 2026\n.Dt XENAPI 7\n.Os\n.Sh NAME\n.Nm xenapi\n"
	       ".Nd classes, messages and errors of xld's API\n"
	       ".Sh DESCRIPTION\n"
	       "How a message is sent says\n.Xr xld-api 8 ,\n"
	       "from C\n.Xr xenapi 3 .\n"
	       "Before the arguments named here comes the session's handle.\n"
	       "Every field of a class has\n.Fn get_FIELD self ;\n"
	       "one that may be set\n.Fn set_FIELD self value ,\n"
	       "a map also\n.Fn add_to_FIELD self key value\nand\n"
	       ".Fn remove_from_FIELD self key .\n"
	       "Classes have\n.Fn get_all ,\n.Fn get_all_records ,\n"
	       ".Fn get_all_records_where expr ,\n.Fn get_record self ,\n"
	       ".Fn get_by_uuid uuid\nand, where there are names,\n"
	       ".Fn get_by_name_label label .\n"
	       "What takes time or changes something is also there as\n"
	       ".Li Async.CLASS.MESSAGE ,\nwhich gives a task.\n");
	for (size_t i = 0; model_classes[i] != NULL; i++)
		put_class(model_classes[i]);
	put_enums();
	put_errors();
	printf(".Sh SEE ALSO\n.Xr xenapi 3 ,\n.Xr xld-api 8\n");
	return 0;
}
