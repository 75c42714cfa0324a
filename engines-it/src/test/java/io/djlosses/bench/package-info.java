/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** The benchmark of all losses against the engines' own; a command, not a test. */
@NullMarked
package io.djlosses.bench;

import org.jspecify.annotations.NullMarked;
