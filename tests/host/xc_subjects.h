/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files rows_<subject>.c, in the order they run; included several times. */
SUBJECT(facts)
SUBJECT(domain)
SUBJECT(vcpu)
SUBJECT(memory)
SUBJECT(foreign)
SUBJECT(evtchn)
SUBJECT(hvm)
SUBJECT(cpu)
SUBJECT(mem)
SUBJECT(monitor)
SUBJECT(device)
