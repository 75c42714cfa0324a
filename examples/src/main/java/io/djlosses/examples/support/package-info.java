/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** What the examples share: data, batches, networks, tables and plots. */
@NullMarked
package io.djlosses.examples.support;

import org.jspecify.annotations.NullMarked;
