/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

import io.djlosses.internal.fast.Script;
import io.djlosses.internal.symbolic.Recorder;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Which reading of a loss is to serve, where it can. */
public enum Choice {
    FORMULA(Reading.Kind.FORMULA),
    CLOSED_FORM(Reading.Kind.CLOSED_FORM),
    GRAPH(Reading.Kind.GRAPH),
    SCRIPT(Reading.Kind.SCRIPT),
    AUTO(null);

    private static final Map<String, List<Choice>> SERVED = new ConcurrentHashMap<>();

    private final Reading.@Nullable Kind kind;

    Choice(Reading.@Nullable Kind kind) {
        this.kind = kind;
    }

    /** Returns the choices that make a difference on an engine, the definition first. */
    public static List<Choice> of(String engine) {
        return SERVED.computeIfAbsent(
                engine,
                name -> {
                    try (NDManager manager = Engine.getEngine(name).newBaseManager()) {
                        NDArray one = manager.ones(new Shape(1));
                        return Stream.of(values()).filter(choice -> choice.runsOn(one)).toList();
                    }
                });
    }

    private boolean runsOn(NDArray array) {
        return switch (this) {
            case SCRIPT -> Script.runsOn(array);
            case GRAPH -> Recorder.runsOn(array);
            case AUTO, FORMULA, CLOSED_FORM -> true;
        };
    }

    /** Lets what a builder makes choose so. */
    public <B extends LossBuilder<?, ?>> B on(B builder) {
        builder.only(kind);
        return builder;
    }
}
