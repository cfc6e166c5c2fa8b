// SPDX-License-Identifier: GPL-2.0
/*
 * What a user's VMs may take from the host.
 *
 * Guest RAM is ordinary user memory and needs no limit here. The VMM's own
 * memory does: image, tables and translation cache can't be swapped, and what
 * asks for more of it is the guest. So it is accounted to the user who made the
 * VM, like locked memory: RLIMIT_MEMLOCK bounds it, or the administrator's
 * user_kb where that is more, since the usual limit has no room for one VM. The
 * number of VMs has a limit of its own (max_vms); each also costs a notifier
 * that every change of its process's memory calls.
 *
 * A user is a real uid, as for RLIMIT_NPROC: who forks gets no second share.
 * memcg accounts the same memory, and what grows with guest RAM besides.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "vmbt.h"

static uint vmbt_param_max_vms = 64;
module_param_named(max_vms, vmbt_param_max_vms, uint, 0644);
MODULE_PARM_DESC(max_vms, "VMs that a user without CAP_SYS_RESOURCE may have (default 64)");

static ulong vmbt_param_user_kb = 256 * 1024;
module_param_named(user_kb, vmbt_param_user_kb, ulong, 0644);
MODULE_PARM_DESC(user_kb, "KiB of unswappable memory for all VMs of a user without CAP_IPC_LOCK, unless RLIMIT_MEMLOCK is more (default 262144)");

struct vmbt_user {
	struct list_head list;
	kuid_t uid;
	unsigned int vms;
	unsigned long pages;
};

/* Few users have VMs at a time: a list will do. */
static LIST_HEAD(vmbt_users);
static DEFINE_SPINLOCK(vmbt_users_lock);

static struct vmbt_user *vmbt_user_find(kuid_t uid)
{
	struct vmbt_user *user;

	list_for_each_entry(user, &vmbt_users, list)
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

/**
 * vmbt_user_get() - count a VM of the current user's
 * Return: the user, -ENOSPC if there are too many, or -ENOMEM.
 */
struct vmbt_user *vmbt_user_get(void)
{
	struct vmbt_user *new, *user;
	bool above = capable(CAP_SYS_RESOURCE);

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->uid = current_uid();

	spin_lock(&vmbt_users_lock);
	user = vmbt_user_find(new->uid);
	if (!above && (user ? user->vms : 0) >= READ_ONCE(vmbt_param_max_vms)) {
		spin_unlock(&vmbt_users_lock);
		kfree(new);
		return ERR_PTR(-ENOSPC);
	}
	if (!user) {
		user = new;
		new = NULL;
		list_add(&user->list, &vmbt_users);
	}
	user->vms++;
	spin_unlock(&vmbt_users_lock);
	kfree(new);
	return user;
}

/**
 * vmbt_user_put() - a VM of the user's is gone
 * @user: from vmbt_user_get()
 */
void vmbt_user_put(struct vmbt_user *user)
{
	bool last;

	spin_lock(&vmbt_users_lock);
	last = !--user->vms;
	if (last)
		list_del(&user->list);
	spin_unlock(&vmbt_users_lock);
	if (!last)
		return;
	WARN_ON_ONCE(user->pages);
	kfree(user);
}

/**
 * vmbt_user_charge() - account unswappable memory before it is allocated
 * @user: whose
 * @pages: how much
 * @above: who made the VM had CAP_IPC_LOCK; it may have dropped that since
 * Return: 0, or -ENOMEM if the user must not have it.
 */
int vmbt_user_charge(struct vmbt_user *user, unsigned long pages, bool above)
{
	unsigned long most = max(rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT,
				 READ_ONCE(vmbt_param_user_kb) >> (PAGE_SHIFT - 10));
	int r = -ENOMEM;

	spin_lock(&vmbt_users_lock);
	if (above || (pages <= most && user->pages <= most - pages)) {
		user->pages += pages;
		r = 0;
	}
	spin_unlock(&vmbt_users_lock);
	return r;
}

/**
 * vmbt_user_uncharge() - the opposite
 * @user: whose
 * @pages: how much
 */
void vmbt_user_uncharge(struct vmbt_user *user, unsigned long pages)
{
	spin_lock(&vmbt_users_lock);
	user->pages -= pages;
	spin_unlock(&vmbt_users_lock);
}
