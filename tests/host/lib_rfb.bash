# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Words of the tests that look at screens, behind lib.sh.

# rfb PORT [TEXT]: types TEXT when there is one (a newline is Enter); says
# "WIDTHxHEIGHT LIT COLOUR COUNT": pixels that are not black, the colour of most of
# them and how many those are.
rfb() { python3 "$scratch/rfb.py" 127.0.0.1 "$@"; }
cat >"$scratch/rfb.py" <<'PY'
# A client of RFB 3.8 (RFC 6143).
import collections, socket, struct, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
def take(n):
    b = b''
    while len(b) < n:
        more = s.recv(n - len(b))
        if not more:
            sys.exit('it hung up')
        b += more
    return b
if not take(12).startswith(b'RFB 003.008'):
    sys.exit('not RFB 3.8')
s.sendall(b'RFB 003.008\n')
kinds = take(take(1)[0])
if 1 not in kinds:
    sys.exit('it wants a password: %r' % kinds)
s.sendall(b'\1')
if take(4) != b'\0\0\0\0':
    sys.exit('refused')
s.sendall(b'\1')
width, height = struct.unpack('>HH', take(4))
take(16)
take(struct.unpack('>I', take(4))[0])
for key in sys.argv[3] if len(sys.argv) > 3 else '':
    key = 0xff0d if key == '\n' else ord(key)
    for down in 1, 0:
        s.sendall(struct.pack('>BBxxI', 4, down, key))
        time.sleep(0.05)
s.sendall(struct.pack('>BxxxBBBBHHHBBBxxx', 0, 32, 24, 0, 1, 255, 255, 255,
    16, 8, 0))
s.sendall(struct.pack('>BxHi', 2, 1, 0))
s.sendall(struct.pack('>BBHHHH', 3, 0, 0, 0, width, height))
kind, rects = struct.unpack('>BxH', take(4))
seen = collections.Counter()
for i in range(rects if kind == 0 else 0):
    x, y, w, h, how = struct.unpack('>HHHHi', take(12))
    seen.update(p & 0xffffff for p, in struct.iter_unpack('<I', take(w * h * 4)))
colour, count = seen.most_common(1)[0] if seen else (0, 0)
print('%dx%d %d %06x %d' % (width, height, sum(seen.values()) - seen[0], colour,
    count))
PY
