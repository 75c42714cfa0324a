/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * The base classes of losses, their common options and reductions, and argument checks. To write a
 * custom loss, extend {@link io.djlosses.api.ElementwiseLoss} or {@link
 * io.djlosses.api.AbstractLoss}.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses.api;
