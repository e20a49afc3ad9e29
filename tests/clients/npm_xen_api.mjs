// SPDX-License-Identifier: LGPL-2.1-or-later
// The npm package xen-api (Xen Orchestra's client), over JSON-RPC and over its
// XML-RPC: connect, the cache it fills and follows by events, its barrier, tasks,
// a guest's life, errors. Arguments: the folder with node_modules.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(process.argv[2] + '/x.js')
const { createClient } = await import(pathToFileURL(require.resolve('xen-api')))

function same(what, want, got) {
  if (want !== got) throw new Error(`${what}: ${got} instead of ${want}`)
}

async function refused(code, promise) {
  try {
    await promise
  } catch (e) {
    same('the code of the refusal', code, e.code)
    return e.params
  }
  throw new Error(`${code} was expected and nothing refused`)
}

async function life(xapi, transport, name) {
  const record = {
    name_label: name,
    PV_kernel: '/boot/guest/tiny',
    memory_static_max: 16 << 20,
    memory_static_min: 16 << 20,
    memory_dynamic_max: 16 << 20,
    memory_dynamic_min: 16 << 20,
    VCPUs_max: 1,
    VCPUs_at_startup: 1,
    actions_after_shutdown: 'destroy',
    other_config: { colour: 'blue' },
  }
  const ref = await xapi.call('VM.create', record)
  const vm = await xapi.barrier(ref)
  same('its state', 'Halted', vm.power_state)
  // XML-RPC's numbers are text, as xapi's.
  same('a number is one', transport === 'xml-rpc' ? 'string' : 'number', typeof vm.memory_static_max)
  same('its memory', 16 << 20, Number(vm.memory_static_max))
  same('a boolean is one', 'boolean', typeof vm.is_control_domain)
  await xapi.setField('VM', ref, 'name_label', name + '-renamed')
  await xapi.barrier(ref)
  same('its new name', name + '-renamed', xapi.getObject(ref).name_label)
  await xapi.setFieldEntry('VM', ref, 'other_config', 'colour', 'red')
  await xapi.setFieldEntry('VM', ref, 'other_config', 'shape', 'round')
  await xapi.barrier(ref)
  same('other_config', 'red round', Object.values(xapi.getObject(ref).other_config).join(' '))
  await xapi.callAsync('VM.start', ref, false, false)
  same('its state', 'Running', (await xapi.barrier(ref)).power_state)
  const params = await refused('VM_BAD_POWER_STATE', xapi.call('VM.start', ref, false, false))
  same('whose state', ref, params[0])
  await refused('VM_BAD_POWER_STATE', xapi.callAsync('VM.destroy', ref))
  await xapi.callAsync('VM.hard_shutdown', ref)
  same('its state', 'Halted', (await xapi.barrier(ref)).power_state)
  await xapi.call('VM.destroy', ref)
  await xapi.barrier()
  same('what is left of it', undefined, xapi.getObject(ref, undefined))
}

async function run(url, transport) {
  const xapi = createClient({
    url,
    transport,
    auth: { user: 'root', password: process.env.XLD_PASSWORD },
    allowUnauthorized: true,
    watchEvents: true,
    // The emulated network of the host accepts one connection after the other.
    callConcurrency: 4,
  })
  await xapi.connect()
  await xapi.objectsFetched
  same('its pool is of one host', xapi.pool.master, xapi.pool.$master.$ref)
  same('hosts', 1, Object.values(xapi.objects.all).filter(_ => _.$type === 'host').length)
  same('Domain-0', 1, Object.values(xapi.objects.all).filter(_ => _.is_control_domain).length)
  await life(xapi, transport, `npm-${transport}-${process.pid}`)
  await refused('MESSAGE_METHOD_UNKNOWN', xapi.call('VM.fly'))
  await xapi.disconnect()
}

const limit = setTimeout(() => {
  console.error('nothing happened for too long')
  process.exit(1)
}, 240e3)
try {
  for (const transport of ['json-rpc', 'xml-rpc', 'auto']) {
    for (const url of [process.env.XLD_HTTP, process.env.XLD_HTTPS]) {
      console.log(new Date().toISOString(), transport, url)
      await run(url, transport)
    }
  }
  // One who has no right to be there.
  const stranger = createClient({
    url: process.env.XLD_HTTP,
    auth: { user: 'root', password: 'wrong' },
  })
  await refused('SESSION_AUTHENTICATION_FAILED', stranger.connect())
} catch (e) {
  console.error(e)
  process.exit(1)
}
clearTimeout(limit)
process.exit(0)
