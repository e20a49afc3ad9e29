/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every error code a call can end with, once: MODEL_ERRORS(F) expands
 *   F(code, exit, params, sentence)
 * for each.
 * code:   XenAPI's word, or one of ours beginning with XLD_
 * exit:   what xm ends with: 1 failed, 2 usage, 3 not found, 4 wrong state or
 *         conflict, 5 permission, 6 timeout, 7 resources, 9 a helper failed,
 *         75 the daemon cannot be reached
 * params: names of the parameters, in their order
 * In C code XE(VM_BAD_POWER_STATE) is the text, and a misspelt code does not
 * compile.
 */
/* clang-format off */
#ifndef MODEL_ERRORS_H
#define MODEL_ERRORS_H

#define MODEL_ERRORS(F) \
F(INTERNAL_ERROR, 1, "message", "The daemon met something it did not expect.") \
F(MESSAGE_METHOD_UNKNOWN, 2, "method", "There is no such message.") \
F(MESSAGE_PARAMETER_COUNT_MISMATCH, 2, "method expected received", "The message takes another number of arguments.") \
F(FIELD_TYPE_ERROR, 2, "field", "A value is not of the field's type.") \
F(VALUE_NOT_SUPPORTED, 2, "field value reason", "A value is outside of what this host can do.") \
F(INVALID_VALUE, 2, "field value", "A value is not one of those allowed.") \
F(HANDLE_INVALID, 3, "class handle", "There is no such object.") \
F(UUID_INVALID, 3, "class uuid", "No object has this uuid.") \
F(MAP_DUPLICATE_KEY, 4, "class field reference key", "The map has this key already.") \
F(OPERATION_NOT_ALLOWED, 4, "reason", "The operation is refused in this context.") \
F(OPERATION_BLOCKED, 4, "reference code", "The operation is blocked by the owner of the object.") \
F(OTHER_OPERATION_IN_PROGRESS, 4, "class handle", "Another operation on the object is under way.") \
F(VM_BAD_POWER_STATE, 4, "vm expected actual", "The machine is not in a state that allows this.") \
F(VM_HVM_REQUIRED, 4, "vm", "Only an HVM machine can do this.") \
F(UNIQUE_NAME_ERROR, 4, "name class", "The name is taken.") \
F(DEVICE_ALREADY_EXISTS, 4, "device", "The machine has a device of this name already.") \
F(DEVICE_NOT_ATTACHED, 4, "device", "The device is not attached.") \
F(VDI_IN_USE, 4, "disk holder", "The disk is in use by somebody else.") \
F(DUPLICATE_VM, 4, "uuid", "The uuid is taken.") \
F(SESSION_AUTHENTICATION_FAILED, 5, "user reason", "The password is not right.") \
F(CHANGE_PASSWORD_REJECTED, 4, "msg", "The host does not take the new password.") \
F(SESSION_AUTHORIZATION_FAILED, 5, "username msg", "The user is known and may do nothing here.") \
F(SESSION_INVALID, 5, "handle", "The session does not exist or has expired.") \
F(SESSION_NOT_REGISTERED, 4, "handle", "The session has not registered for events.") \
F(EVENTS_LOST, 1, "", "The session was too slow: events are lost.") \
F(EVENT_FROM_TOKEN_PARSE_FAILURE, 2, "token", "This is no token of event.from.") \
F(EVENT_SUBSCRIPTION_PARSE_FAILURE, 2, "subscription", "This is no class, CLASS/REF or *.") \
F(PERMISSION_DENIED, 5, "message", "The caller may not do this.") \
F(RBAC_PERMISSION_DENIED, 5, "permission message", "The caller's role does not allow this.") \
F(SR_UNKNOWN_DRIVER, 2, "driver", "There is no such type of repository.") \
F(SR_NOT_EMPTY, 4, "sr", "There are disks in the repository.") \
F(SR_OPERATION_NOT_SUPPORTED, 4, "sr", "Repositories of this type do not do that.") \
F(SR_FULL, 7, "requested maximum", "The repository has not enough room.") \
F(NOT_IMPLEMENTED, 1, "function", "This release does not do that.") \
F(XENAPI_MISSING_PLUGIN, 3, "name", "There is no such plugin.") \
F(XENAPI_PLUGIN_FAILURE, 9, "status stdout stderr", "A plugin has failed.") \
F(SERVER_CERTIFICATE_INVALID, 1, "", "The certificate cannot be read.") \
F(SERVER_CERTIFICATE_EXPIRED, 1, "now not_after", "The certificate is not good any more.") \
F(SERVER_CERTIFICATE_NOT_VALID_YET, 1, "now not_before", "The certificate is not good yet.") \
F(SERVER_CERTIFICATE_SIGNATURE_NOT_SUPPORTED, 1, "", "The certificate is signed in a way that is not safe.") \
F(SERVER_CERTIFICATE_KEY_INVALID, 1, "", "The key cannot be read.") \
F(SERVER_CERTIFICATE_KEY_MISMATCH, 1, "", "The key is not the certificate's.") \
F(SERVER_CERTIFICATE_KEY_RSA_LENGTH_NOT_SUPPORTED, 1, "length", "An RSA key has 2048 bits at least.") \
F(SERVER_CERTIFICATE_KEY_ALGORITHM_NOT_SUPPORTED, 1, "algorithm_oid", "The key is neither RSA nor of an elliptic curve.") \
F(SERVER_CERTIFICATE_CHAIN_INVALID, 1, "", "The chain cannot be read, or does not stand behind the certificate.") \
F(POOL_BAD_STATE, 4, "pool state", "The CPU pool is not in a state that allows this.") \
F(INSUFFICIENT_CPUS, 7, "needed available", "There are not so many free processors.") \
F(UNKOWN_SCHED_POLICY, 2, "policy", "Xen has no such scheduler.") \
F(INVALID_CPU, 4, "cpu reason", "The processor cannot be given or taken.") \
F(LAST_CPU_NOT_REMOVEABLE, 4, "pool", "The last processor of a CPU pool stays.") \
F(HOST_DISABLED, 4, "host", "The host starts no machines now.") \
F(HOST_NOT_DISABLED, 4, "", "The host may still start machines.") \
F(HOST_IN_USE, 4, "host type ref", "Something on the host is in use.") \
F(CANNOT_EVACUATE_HOST, 4, "errors", "Machines of the host cannot go elsewhere.") \
F(NO_HOSTS_AVAILABLE, 7, "", "There is no other host for the machine.") \
F(VM_HAS_PCI_ATTACHED, 4, "vm", "The machine has a PCI function of the host.") \
F(VM_IS_TEMPLATE, 4, "vm", "The machine is a template.") \
F(HOST_NOT_ENOUGH_FREE_MEMORY, 7, "needed available", "The host has not enough free memory.") \
F(VLAN_TAG_INVALID, 2, "vlan", "Tags of VLANs are 1 to 4094.") \
F(PIF_VLAN_EXISTS, 4, "pif", "The interface has a VLAN of this tag already.") \
F(PIF_VLAN_STILL_EXISTS, 4, "pif", "There are VLANs on the interface.") \
F(PIF_IS_VLAN, 4, "pif", "The interface is a VLAN itself.") \
F(PIF_IS_PHYSICAL, 4, "pif", "The interface is the host's, nobody has made it.") \
F(PIF_UNMANAGED, 4, "pif", "The interface was made by somebody else.") \
F(PIF_ALREADY_BONDED, 4, "pif", "The interface is part of a bond.") \
F(PIF_BOND_NEEDS_MORE_MEMBERS, 2, "", "A bond has two interfaces at least.") \
F(PIF_IS_MANAGEMENT_INTERFACE, 4, "pif", "The host itself has its addresses on the interface.") \
F(PIF_DOES_NOT_ALLOW_UNPLUG, 4, "pif", "The interface is not to be taken down.") \
F(CANNOT_ADD_VLAN_TO_BOND_SLAVE, 4, "pif", "VLANs are the bond's, not its parts'.") \
F(CANNOT_PLUG_BOND_SLAVE, 4, "pif", "A part of a bond goes up and down with it.") \
F(DUPLICATE_PIF_DEVICE_NAME, 4, "device", "The interface is known already.") \
F(MAC_INVALID, 2, "mac", "This is no address of a network interface.") \
F(MAC_DOES_NOT_EXIST, 3, "mac", "No interface of the host has this address.") \
F(MAC_STILL_EXISTS, 4, "mac", "The interface is still there.") \
F(NETWORK_ALREADY_CONNECTED, 4, "network pif", "The network has an interface of the host already.") \
F(NETWORK_UNMANAGED, 4, "network", "The bridge was made by somebody else.") \
F(NETWORK_CONTAINS_PIF, 4, "pifs", "Interfaces of the host are in the network.") \
F(VIF_IN_USE, 4, "network vif", "A machine that runs uses the network.") \
F(BRIDGE_NAME_EXISTS, 4, "bridge", "The host has an interface of this name.") \
F(TASK_CANCELLED, 1, "task", "The task was cancelled.") \
F(XLD_TOO_MANY, 7, "what limit", "A limit of the daemon is reached.") \
F(XLD_KERNEL, 1, "file reason", "The kernel or ramdisk cannot be used.") \
F(XLD_BUILD, 1, "step reason", "The guest could not be built.") \
F(XLD_IMAGE, 1, "file reason", "The image of a machine cannot be written or restored.") \
F(XLD_CORE, 1, "file reason", "The core of a machine cannot be written.") \
F(XLD_HYPERCALL, 1, "call reason", "The hypervisor refused.") \
F(XLD_STORE, 1, "reason", "The store refused, or is not there.") \
F(XLD_CONSOLE, 1, "reason", "The console cannot be attached.") \
F(XLD_DEVICE, 1, "device reason", "A device could not be attached or detached.") \
F(XLD_FILE, 1, "file reason", "A file could not be read or written.") \
F(XLD_HELPER, 9, "program reason", "A helper program failed.") \
F(XLD_PEER, 1, "reason", "The other host refuses, or cannot be reached.") \
F(XLD_IN_DOUBT, 4, "vm where", "The machine was handed to another host, which does not say whether it runs there.") \
F(XLD_TRANSFER, 1, "reason", "What a client sends or fetches ended too soon, or does not fit.") \
F(IMPORT_ERROR, 1, "msg", "What came is no archive of a machine that can be one here.") \
F(IMPORT_ERROR_FAILED_TO_FIND_OBJECT, 1, "id", "The archive names an object that is not in it.") \
F(IMPORT_ERROR_PREMATURE_EOF, 1, "", "The archive ends too soon.") \
F(IMPORT_ERROR_SOME_CHECKSUMS_FAILED, 1, "", "The archive is damaged.") \
F(IMPORT_ERROR_UNEXPECTED_FILE, 1, "filename_expected filename_found", "The archive has another file than it should.") \
F(IMPORT_INCOMPATIBLE_VERSION, 1, "", "The archive is of a version that is not known here.") \
F(XLD_TIMEOUT, 6, "what seconds", "It did not happen in time.") \
F(XLD_STOPPING, 75, "", "The daemon is stopping.") \
F(XLD_FAULT, 1, "step", "A fault was injected.") \
F(XLD_NO_XEN, 75, "reason", "This machine does not run under Xen, or not as its control domain.") \
F(XLD_UNREACHABLE, 75, "where", "The daemon cannot be reached.") \
F(XLD_NO_MEMORY, 7, "", "The daemon is out of memory.") \
F(XLD_PROTOCOL, 1, "reason", "The other side does not speak the protocol.") \
F(XLD_BAD_URL, 2, "url", "The address cannot be understood.") \
F(XLD_USAGE, 2, "reason", "The call is not as the interface wants it.") \
F(XLD_INTERRUPTED, 1, "", "A signal arrived while waiting.") \
F(XLD_CONFIG, 2, "where", "The configuration has mistakes.") \
F(XLD_NO_SUCH_VM, 3, "name", "There is no machine of this name, uuid or id.") \
F(XLD_NAME_NOT_UNIQUE, 4, "name", "Several machines have this name.")

/* clang-format on */

#define MODEL_ERROR_ID(code, exit, params, sentence) XE_ID_##code,
enum model_error_id {
	MODEL_ERRORS(MODEL_ERROR_ID) XE_ID_COUNT
};
#undef MODEL_ERROR_ID

/* A constant expression. */
#define XE(code) (XE_ID_##code < XE_ID_COUNT ? #code : NULL)

#endif
