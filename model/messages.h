/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon tells of machines by objects of class message, in the names and
 * priorities of today's clients: M(name, priority, body). Priorities: 1 data is in
 * danger, 2 a service has failed, 3 one may fail, 4 something is better again, 5 news.
 * body: %s is the machine's name.
 */
/* clang-format off */
#ifndef MODEL_MESSAGES_H
#define MODEL_MESSAGES_H

#define VM_MESSAGES(M) \
M(VM_STARTED, 5, "'%s' has started") \
M(VM_SHUTDOWN, 5, "'%s' has ended") \
M(VM_REBOOTED, 5, "'%s' has been started again") \
M(VM_SUSPENDED, 5, "'%s' has been suspended") \
M(VM_RESUMED, 5, "'%s' goes on from its image") \
M(VM_CRASHED, 2, "'%s' has crashed") \
M(VM_CLONED, 5, "'%s' has been cloned")

#endif
