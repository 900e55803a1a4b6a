/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message that threads hand on to each other. */
#include "delivery.h"

Delivery *delivery_new(Judge *judge, Envelope *envelope, GBytes *message)
{
	Delivery *delivery = g_new0(Delivery, 1);

	delivery->judge = judge_ref(judge);
	delivery->envelope = envelope;
	delivery->message = message;
	delivery->outcomes =
	    g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	delivery->replies = g_ptr_array_new_with_free_func(g_free);
	return delivery;
}

void delivery_free(Delivery *delivery)
{
	if (delivery == NULL)
		return;
	judge_unref(delivery->judge);
	envelope_free(delivery->envelope);
	g_clear_pointer(&delivery->message, g_bytes_unref);
	analysis_free(delivery->analysis);
	g_ptr_array_unref(delivery->outcomes);
	g_clear_error(&delivery->error);
	g_ptr_array_unref(delivery->replies);
	g_free(delivery);
}

void delivery_analyse(Delivery *delivery)
{
	delivery->analysis = deliver_analyse(delivery->judge,
	    delivery->envelope, delivery->message);
	g_clear_pointer(&delivery->message, g_bytes_unref);
}
