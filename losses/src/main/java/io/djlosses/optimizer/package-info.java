/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Optimizers in parameter groups. */
@NullMarked
package io.djlosses.optimizer;

import org.jspecify.annotations.NullMarked;
