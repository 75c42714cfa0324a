/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * Something that some engines can do and others cannot, found out by trying it once on each engine.
 * No engine is named anywhere, so an engine that learns it is served by the next start.
 */
public final class Trait {

    private final Map<String, Boolean> known = new ConcurrentHashMap<>();
    private final Predicate<NDManager> trial;

    /**
     * Makes a trait.
     *
     * @param trial tries it, with a manager of the engine
     */
    public Trait(Predicate<NDManager> trial) {
        this.trial = trial;
    }

    /**
     * Tells whether an engine has the trait.
     *
     * @param manager a manager of the engine
     * @return whether it has
     */
    public boolean of(NDManager manager) {
        Engine engine = manager.getEngine();
        return known.computeIfAbsent(
                engine.getEngineName(),
                name -> {
                    try (NDManager probe = engine.newBaseManager(Device.cpu())) {
                        return trial.test(probe);
                    }
                });
    }
}
