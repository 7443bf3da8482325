/**
 * What runs inside the guest before and beside the agent: busybox's init, a boot script, and the guest's end of the
 * control channel. Paths and port names here are the ones that `control-channel.ts` and `qemu-node.ts` speak to.
 * A node of another kind has scripts of its own in `/etc/lab/boot.d`, which are run at the end of the boot.
 */
export const guestScripts: Readonly<Record<string, string>> = {
  "/etc/inittab": `::sysinit:/etc/lab/boot
::respawn:/etc/lab/control
::respawn:/etc/lab/logs
`,

  "/etc/lab/boot": `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /run/lab/jobs /dev/virtio-ports /tmp
mkfifo /run/lab/replies
for port in /sys/class/virtio-ports/*; do
  name=$(cat "$port/name")
  ln -s "/dev/\${port##*/}" "/dev/virtio-ports/$name"
  case $name in *-log) mkfifo "/run/lab/$name" ;; esac
done
for argument in $(cat /proc/cmdline); do
  case $argument in lab.hostname=*) hostname "\${argument#*=}" ;; esac
done
ip link set lo up
# The NICs with SR-IOV are wired to each other, and tests put one of them into the bridge of the management NIC: the other
# would then be given a default route by QEMU's router.
echo 0 > /proc/sys/net/ipv6/conf/default/accept_ra
for module in /etc/lab/modules/*; do
  case $module in *-bonding.ko) options=max_bonds=0 ;; *) options= ;; esac
  insmod "$module" $options || echo "insmod $module failed"
done

# Named as udev would, after the PCI address: the kernel's own names follow the order of probing.
for interface in /sys/class/net/*; do
  [ -e "$interface/device" ] || continue
  address=$(basename "$(readlink -f "$interface/device")")
  bus=$(printf %d "0x$(echo "$address" | cut -d: -f2)")
  slot=$(printf %d "0x$(echo "$address" | cut -d: -f3 | cut -d. -f1)")
  ip link set "\${interface##*/}" name "enp\${bus}s$slot"
done
for interface in /sys/class/net/*; do
  [ -e "$interface/device" ] && ip link set "\${interface##*/}" up
done

# The management NIC as Harvester has it: in a bridge that carries the node's address and its default route.
ip link add name mgmt-br type bridge
for interface in /sys/class/net/*; do
  case $(readlink "$interface/device/driver") in
  */e1000e) ip link set "\${interface##*/}" master mgmt-br ;;
  esac
done
ip link set mgmt-br up
ip addr add 10.0.2.15/24 dev mgmt-br
ip route add default via 10.0.2.2
for script in /etc/lab/boot.d/*; do
  [ ! -e "$script" ] || sh "$script"
done
`,

  // Requests: "<id> <command in base64>". Replies: "<id> <exit code> <stdout in base64> <stderr in base64> .", and
  // "ready <boot id>" first. The dot ends a reply that is whole: a reset may cut one short, and the empty line before
  // "ready" is the end of that. Replies are written by one process, so that two never mix.
  "/etc/lab/control": `#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root
exec 3<>/dev/virtio-ports/control 4<>/run/lab/replies
job() {
  file=/run/lab/jobs/$1
  echo "$2" | base64 -d >"$file.sh"
  sh "$file.sh" >"$file.out" 2>"$file.err" </dev/null 3>&- 4>&-
  code=$?
  echo "$1 $code $(base64 "$file.out" | tr -d '\\n') $(base64 "$file.err" | tr -d '\\n') ." >"$file.reply"
  echo "$1" >&4
}
printf '\\nready %s\\n' "$(cat /proc/sys/kernel/random/boot_id)" >&3
while read -r id <&4; do
  cat "/run/lab/jobs/$id.reply" >&3
  rm -f "/run/lab/jobs/$id".*
done &
while :; do
  while read -r id command; do job "$id" "$command" & done <&3
  # The host's end is closed: reading returns at once until it is open again.
  usleep 200000
done
`,

  // A reader for each port. A FIFO that is opened to be written as well never ends with one of its writers.
  "/etc/lab/logs": `#!/bin/sh
for port in /dev/virtio-ports/*-log; do
  cat 0<>"/run/lab/\${port##*/}" >"$port" &
done
wait
`,

  // start NAME COMMAND…: its output goes to the port NAME-log.
  "/etc/lab/start": `#!/bin/sh
name=$1
shift
pid=$(cat "/run/lab/$name.pid" 2>/dev/null)
if [ -n "$pid" ] && [ -d "/proc/$pid" ]; then
  echo "$name is running already, as process $pid" >&2
  exit 1
fi
rm -f "/run/lab/$name.pid"
setsid sh -c '
  name=$1
  shift
  "$@" &
  pid=$!
  echo "$pid" >"/run/lab/$name.pid.new"
  mv "/run/lab/$name.pid.new" "/run/lab/$name.pid"
  wait "$pid"
  echo "$name process $pid ended with status $?"
' start "$name" "$@" >"/run/lab/$name-log" 2>&1 </dev/null &
until [ -e "/run/lab/$name.pid" ]; do usleep 20000; done
`,

  // stop NAME SIGNAL
  "/etc/lab/stop": `#!/bin/sh
pid=$(cat "/run/lab/$1.pid" 2>/dev/null) || exit 0
kill "-$2" "$pid" 2>/dev/null
while [ -d "/proc/$pid" ]; do usleep 20000; done
rm -f "/run/lab/$1.pid"
`,
};
