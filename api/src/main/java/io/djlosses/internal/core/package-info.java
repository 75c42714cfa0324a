/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * The ground: making and reading arrays, and what engines do differently. Internal: may change in
 * any release.
 */
@NullMarked
package io.djlosses.internal.core;

import org.jspecify.annotations.NullMarked;
