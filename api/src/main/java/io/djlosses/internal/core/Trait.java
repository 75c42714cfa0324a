/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * A property that some engines have and others do not, determined by one trial on each engine. No
 * engine is named, so a new version of an engine that gains the property is supported without
 * changes.
 */
public final class Trait {

    private final Map<String, Boolean> known = new ConcurrentHashMap<>();
    private final Predicate<NDManager> trial;

    /**
     * Creates a trait.
     *
     * @param trial tests for the trait, with a manager of the engine
     */
    public Trait(Predicate<NDManager> trial) {
        this.trial = trial;
    }

    /**
     * Returns whether an engine has the trait.
     *
     * @param manager a manager of the engine
     * @return whether it has the trait
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
