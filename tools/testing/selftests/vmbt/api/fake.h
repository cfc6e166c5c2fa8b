/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the scripted VMM of fakehost/ can be told in EAX; arguments in EBX and
 * ECX, results in EDX and ESI.
 */
#ifndef VMBT_FAKE_H
#define VMBT_FAKE_H

enum fake_op {
	FAKE_HLT,		/* exit */
	/* EBX frame, ECX write; EDX kind, ESI 1 writable, 2 with all 512 around it */
	FAKE_GET_PAGE,
	FAKE_STAY,		/* use all pages got so far, EBX times or for ever */
	FAKE_LINGER,		/* stay until a page is revoked, and EBX ms more */
	FAKE_GROW,		/* EBX pages; EDX how many there are */
	FAKE_LOG,
	FAKE_PANIC,
	FAKE_CALL,		/* host call EBX */
	FAKE_IO,		/* BL dir, BH size, ECX count; EDX data */
	FAKE_MMIO,		/* EBX write, ECX length; EDX data */
	FAKE_EXIT,		/* EBX kind */
	FAKE_LATE,		/* EBX writes kept, each of ECX bytes, then HLT */
	FAKE_FORGE,		/* EBX where the host keeps numbers, then HLT */
	FAKE_SHRINK,		/* EBX pages from ECX downwards; EDX where the pool ends */
};

#endif
