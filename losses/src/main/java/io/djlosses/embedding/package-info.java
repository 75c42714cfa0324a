/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses on distances and similarities of embeddings. */
@NullMarked
package io.djlosses.embedding;

import org.jspecify.annotations.NullMarked;
