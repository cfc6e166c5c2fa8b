# SPDX-License-Identifier: GPL-2.0
#
# What the guest of xorg.py runs as process 1: an X server with an unmodified driver, a
# window manager and a terminal. What it has to tell goes to the serial port.
exec < /dev/null > /dev/ttyS0 2>&1
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin DISPLAY=:0 HOME=/root
echo "vmbt-guest: ready"
ip link set lo up 2> /dev/null
modprobe -a evdev psmouse

# device HANDLER: the event device of the keyboard or mouse.
device() {
	sed -n "/^H: .*$1/s/.*\(event[0-9]*\).*/\1/p" /proc/bus/input/devices | head -n 1
}
until [ -n "$(device 'mouse[0-9]')" ]; do sleep 0.2; done
cat > /tmp/xorg.conf <<END
Section "ServerFlags"
	Option "AutoAddDevices" "false"
	Option "BlankTime" "0"
EndSection
Section "InputDevice"
	Identifier "keyboard"
	Driver "evdev"
	Option "Device" "/dev/input/$(device 'sysrq')"
	Option "XkbLayout" "us"
EndSection
Section "InputDevice"
	Identifier "mouse"
	Driver "evdev"
	Option "Device" "/dev/input/$(device 'mouse[0-9]')"
	Option "AccelerationProfile" "-1"
EndSection
Section "Monitor"
	Identifier "monitor"
	Option "DDC" "off"
	HorizSync 30-80
	VertRefresh 50-75
EndSection
Section "Device"
	Identifier "card"
	Driver "vesa"
EndSection
Section "Screen"
	Identifier "screen"
	Device "card"
	Monitor "monitor"
	DefaultDepth 24
	SubSection "Display"
		Depth 24
		Modes "1024x768"
	EndSubSection
EndSection
Section "ServerLayout"
	Identifier "layout"
	Screen "screen"
	InputDevice "keyboard" "CoreKeyboard"
	InputDevice "mouse" "CorePointer"
EndSection
END
cat > /tmp/twmrc <<'END'
RandomPlacement
Button1 = : root : f.menu "main"
Button1 = : title : f.move
menu "main"
{
	"Menu"	f.title
	"Eyes"	!"eyes &"
	"Logo"	!"logo &"
}
END

# script NAME: from standard input.
script() {
	(echo '#!/bin/sh'; cat) > "/usr/local/bin/$1"
	chmod +x "/usr/local/bin/$1"
}
script say <<'END'
echo "said: $*" > /dev/ttyS0
echo "said: $*"
END
script shown <<'END'
until xwininfo -name "$1" 2> /dev/null | grep -q IsViewable; do sleep 0.5; done
echo "shown: $1" > /dev/ttyS0
END
script eyes <<'END'
shown xeyes &
exec xeyes -geometry 200x150+700+500
END
script logo <<'END'
shown xlogo &
exec xlogo -geometry 300x200+650+60
END
script terminal <<'END'
export PS1='guest$ '
exec sh
END
script client <<'END'
twm -f /tmp/twmrc &
xterm -title terminal -geometry 80x24+40+60 -e terminal &
shown terminal
xdpyinfo | sed -n 's/^ *dimensions: *\([0-9x]*\) .*/screen: \1/p' > /dev/ttyS0
sed -n 's/.*VESA(0): Virtual size is \([0-9x]*\) .*/vesa: \1/p' /tmp/Xorg.log > /dev/ttyS0
wait
END
xinit /usr/local/bin/client -- /usr/bin/Xorg :0 vt1 -config /tmp/xorg.conf -retro \
	-nolisten tcp -extension GLX -logfile /tmp/Xorg.log > /tmp/xinit.log 2>&1
echo "vmbt-guest: X has ended"
tail -n 30 /tmp/xinit.log /tmp/Xorg.log
sleep 1000
