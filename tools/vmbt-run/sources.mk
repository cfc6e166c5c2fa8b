# SPDX-License-Identifier: GPL-2.0
# What vmbt-run is made of: every file in its directories. Its own Makefile and those
# of the tests, which build it with another vmm.c, include this.

VMBT_RUN_DIR := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
VMBT_RUN_SRCS := $(patsubst $(VMBT_RUN_DIR)/%,%,$(sort $(foreach d,. chip backend display, \
	$(wildcard $(abspath $(VMBT_RUN_DIR)/$d)/*.c))))
VMBT_RUN_LIBS := -lpng -lz -lm -lslirp -lseccomp -ljansson

# Modules, each linked with its library: front ends of the display (frontend.h), and sound
# (audiosdl.h, oplsynth.h) and of drives (nbdlib.h).
VMBT_FRONTENDS := vnc curses sdl audiosdl oplsynth nbdlib
FRONTEND_SRCS_vnc := frontend/vnc.c frontend/keysym.c keys.c
FRONTEND_LIBS_vnc := -lvncserver
FRONTEND_SRCS_curses := frontend/curses.c frontend/keysym.c keys.c cp437.c
FRONTEND_LIBS_curses := -lncursesw -ltinfo
FRONTEND_SRCS_sdl := frontend/sdl.c keys.c
FRONTEND_LIBS_sdl := -lSDL2
FRONTEND_SRCS_audiosdl := frontend/audiosdl.c
FRONTEND_LIBS_audiosdl := -lSDL2
FRONTEND_SRCS_oplsynth := frontend/oplsynth.c
FRONTEND_LIBS_oplsynth := -ladplug
FRONTEND_SRCS_nbdlib := frontend/nbdlib.c
FRONTEND_LIBS_nbdlib := -lnbd
