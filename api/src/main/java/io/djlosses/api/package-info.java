/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * What a loss is: the template that every loss of the library follows, the reductions, and the
 * argument checks. Write a loss of your own by extending {@link io.djlosses.api.ElementwiseLoss} or
 * {@link io.djlosses.api.AbstractLoss}.
 */
@NullMarked
package io.djlosses.api;

import org.jspecify.annotations.NullMarked;
